/* What the Review page shows of its queue (review_queue.js), and the keys. All texts come from Python, as text: nothing
   that the database holds is taken for HTML. */

const HOLD = 500; // ms without keys after another drawing has come up by itself
const DOUBLE = 300; // ms within which the second click of a double click decides nothing
const RESEND = 2000; // ms until an outbox that was not confirmed is sent again, each time twice as long
const ICONS = {
  approved: "M5 12.5l4.5 4.5L19 7.5",
  rejected: "M6 6l12 12M18 6L6 18",
  next: "M6 5l8 7-8 7M18 5v14",
  undo: "M9 6L4 11l5 5M4 11h10a5 5 0 010 10h-2",
  person: "M12 12a4 4 0 100-8 4 4 0 000 8zM4 20c1-4 4-5 8-5s7 1 8 5",
  open: "M5 12h14M13 6l6 6-6 6",
};

const desks = new WeakMap(); // by the element that Streamlit gives each time it has new data

export default function show(component) {
  const { parentElement } = component;
  if (!desks.has(parentElement)) desks.set(parentElement, new Desk(parentElement));
  const desk = desks.get(parentElement);
  desk.receive(component);
  // Streamlit calls this for data that newer data has overtaken, too: only with its element gone is the desk closed.
  return () => setTimeout(() => parentElement.isConnected || desk.close());
}

/* An element with attributes, listeners (on...) and children; a child that is null is left out. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null));
  return node;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.append(path);
  return svg;
}

function button(text, onclick, { symbol = null, key = null, kind = "" } = {}) {
  return el(
    "button",
    { type: "button", class: kind, onclick, "aria-keyshortcuts": key },
    symbol && icon(symbol),
    text ? el("span", {}, text) : null,
    key && el("kbd", { "aria-hidden": "true" }, key),
  );
}

/* Set a text or an attribute only where it differs: what is set anew may be read aloud anew. */
function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

class Desk {
  constructor(parent) {
    this.queue = new Queue();
    this.cards = new Map();
    this.heldUntil = 0;
    this.shownAt = 0;
    this.onkey = (event) => this.key(event);
    this.build();
    parent.append(this.root);
    document.addEventListener("keydown", this.onkey);
  }

  close() {
    document.removeEventListener("keydown", this.onkey);
    clearTimeout(this.timer);
    this.root.remove();
  }

  receive({ data, setTriggerValue }) {
    this.trigger = setTriggerValue;
    if (this.queue.receive(data)) this.heldUntil = performance.now() + HOLD;
    if (!this.queue.outbox.length) clearTimeout(this.timer);
    this.buildChoices(data.choices);
    this.render();
  }

  send(wait = RESEND) {
    clearTimeout(this.timer);
    this.trigger("orders", this.queue.outbox);
    this.timer = setTimeout(() => this.send(wait * 2), wait);
  }

  // --- What the keys and buttons do ---------------------------------------------------------------------------------

  /* Decide on these drawings, unless this is the second half of a double click on the drawing before. */
  decide(drawings, verdict, event) {
    if (!drawings.length || (event?.detail > 1 && performance.now() - this.shownAt < DOUBLE)) return;
    this.queue.decide(drawings, verdict);
    this.send();
    this.render();
  }

  decideCurrent(verdict, event) {
    if (this.queue.current !== null) this.decide([this.queue.current], verdict, event);
  }

  undo() {
    if (!this.queue.undo()) return;
    this.send();
    this.render();
  }

  next() {
    this.queue.next();
    this.render();
  }

  open(id) {
    this.queue.current = id;
    this.render();
    this.desk.scrollIntoView({ block: "nearest" });
    this.approve.focus({ preventScroll: true });
  }

  select(ids, chosen) {
    for (const id of ids) chosen ? this.queue.selected.add(id) : this.queue.selected.delete(id);
    this.render();
  }

  /* A key acts on what is selected, otherwise on the current drawing; a key that is held down acts once. */
  key(event) {
    if (event.repeat && this.root.contains(event.target) && event.key === "Enter") event.preventDefault();
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !this.keys.checked) return;
    const writing = "input:not([type=checkbox]), textarea, select, [contenteditable=true], [role=listbox], [role=dialog]";
    if (event.target.closest?.(writing) || performance.now() < this.heldUntil) return;
    const pressed = event.key.toUpperCase();
    if (pressed === "U") return this.undo();
    if (pressed === "N") return this.next();
    const choice = this.queue.page.choices.find((each) => each.key === pressed);
    const verdict = { A: "approved", X: "rejected" }[pressed] ?? choice?.verdict;
    if (!verdict) return;
    if (this.queue.selected.size) this.decide([...this.queue.selected], verdict);
    else if (this.allowed(verdict, this.queue.label())) this.decideCurrent(verdict);
  }

  /* An administrator's own decision is not made a second time. */
  allowed(verdict, label) {
    return label !== null && label.decided !== verdict;
  }

  // --- The elements, made once --------------------------------------------------------------------------------------

  build() {
    const verdict = (text, what, key) =>
      button(text, (event) => this.decideCurrent(what, event), { symbol: what, key, kind: "verdict" });
    this.picture = el("img", { class: "large", alt: "" });
    this.said = el("b");
    this.read = el("b");
    this.sure = el("small");
    this.facts = el(
      "h2",
      { class: "facts", "aria-live": "polite", "aria-atomic": "true" },
      el("span", {}, "said to be ", this.said),
      el("span", {}, "read as ", this.read, " ", this.sure),
    );
    this.approve = verdict("Approve", "approved", "A");
    this.reject = verdict("Reject", "rejected", "X");
    this.digits = el("div", { class: "digits", role: "group", "aria-label": "It is really a" });
    this.why = el("p");
    this.about = el("p", { class: "quiet" });
    this.desk = el(
      "section",
      { class: "desk", "aria-label": "The label to decide on", "data-testid": "desk" },
      this.picture,
      el(
        "div",
        { class: "acts" },
        this.facts,
        el("div", { class: "verdicts" }, this.approve, this.reject),
        this.digits,
        el("div", { class: "why" }, this.why, this.about),
      ),
    );
    this.empty = el("p", { class: "empty" });
    this.root = el("div", { class: "review" }, this.desk, this.empty, this.buildMore(), this.buildPage());
  }

  buildMore() {
    this.nextButton = button("Next", () => this.next(), { symbol: "next", key: "N" });
    this.undoButton = button("Undo", () => this.undo(), { symbol: "undo", key: "U" });
    const person = () => this.trigger("person", this.queue.current);
    this.person = button("This person's labels", person, { symbol: "person", kind: "person" });
    this.keys = el("input", { type: "checkbox", checked: "", onchange: () => this.render() });
    this.status = el("p", { class: "status", role: "status" });
    const keys = el("label", { class: "keys" }, this.keys, "Keys");
    return el("div", { class: "more" }, this.undoButton, this.nextButton, this.person, keys, this.status);
  }

  buildPage() {
    this.all = button("Select all", () => {
      const ids = this.queue.labels().map((label) => label.id);
      this.select(ids, !this.queue.selected.size);
    });
    this.list = el("ul", { class: "cards" });
    const several = (text, what, key) =>
      button(text, (event) => this.decide([...this.queue.selected], what, event), { symbol: what, key, kind: "verdict" });
    this.approveSeveral = several("Approve", "approved", "A");
    this.rejectSeveral = several("Reject", "rejected", "X");
    this.digitsOfSeveral = el("div", { class: "digits", role: "group", "aria-label": "They are really a" });
    const verdicts = el("div", { class: "verdicts" }, this.approveSeveral, this.rejectSeveral);
    this.several = el(
      "section",
      { class: "several", "aria-label": "The selected labels", "data-testid": "several" },
      verdicts,
      this.digitsOfSeveral,
    );
    this.head = el("div", { class: "head" }, el("h2", {}, "On this page"), this.all);
    return el("div", {}, this.head, this.list, this.several);
  }

  /* The buttons that relabel: one for each label that Python offers. */
  buildChoices(choices) {
    if (this.digits.children.length) return;
    const offer = (group, text, drawings) => {
      const each = ({ verdict, words, key }) => {
        const made = button(words, (event) => this.decide(drawings(), verdict, event), { key });
        made.dataset.verdict = verdict;
        made.title = words.length === 1 ? `It is really a ${words}` : `It is ${words}`;
        return made;
      };
      group.append(el("span", { "aria-hidden": "true" }, text), ...choices.map(each));
    };
    offer(this.digits, "It is really a", () => (this.queue.current === null ? [] : [this.queue.current]));
    offer(this.digitsOfSeveral, "They are really a", () => [...this.queue.selected]);
  }

  // --- What they show -----------------------------------------------------------------------------------------------

  render() {
    const labels = this.queue.labels();
    const current = this.queue.label();
    const several = this.queue.selected.size;
    this.root.classList.toggle("keyless", !this.keys.checked);
    this.root.classList.toggle("choosing", several > 0);
    this.renderCurrent(current, labels.length);
    const undoable = this.queue.undoable().at(-1);
    this.undoButton.disabled = !undoable;
    this.undoButton.title = undoable?.words ? `Undo: ${undoable.words}` : "";
    write(this.status, this.queue.page.outcome);
    write(this.empty, this.queue.page.labels.length ? "One moment: the next labels are coming." : this.queue.page.empty);
    write(this.all.querySelector("span"), several ? "Select none" : `Select all ${labels.length} shown`);
    write(this.approveSeveral.querySelector("span"), `Approve ${several}`);
    write(this.rejectSeveral.querySelector("span"), `Reject ${several}`);
    this.several.hidden = !several;
    this.head.hidden = !labels.length;
    this.renderCards(labels);
  }

  renderCurrent(label, count) {
    this.desk.hidden = this.person.hidden = this.nextButton.hidden = !label;
    this.empty.hidden = Boolean(label);
    if (!label) return;
    if (this.desk.dataset.drawing !== label.id) {
      this.shownAt = performance.now();
      this.desk.dataset.drawing = label.id;
      this.picture.src = label.picture;
    }
    this.picture.alt = label.alt;
    write(this.said, label.said);
    write(this.read, label.read);
    write(this.sure, label.sure);
    write(this.why, label.why);
    write(this.about, label.about);
    this.approve.disabled = !this.allowed("approved", label);
    this.reject.disabled = !this.allowed("rejected", label);
    // Where the model is sure that the label is wrong, Reject is what is most likely meant.
    this.approve.classList.toggle("likely", !label.against);
    this.reject.classList.toggle("likely", label.against);
    for (const each of this.digits.querySelectorAll("button")) {
      each.classList.toggle("read", each.dataset.verdict === label.read);
    }
    this.nextButton.disabled = count < 2;
    this.person.hidden = !label.others;
  }

  renderCards(labels) {
    const focused = [...this.cards.values()].findIndex(({ node }) => node.contains(document.activeElement));
    const left = new Set(labels.map((label) => label.id));
    for (const [id, { node }] of this.cards) {
      if (!left.has(id)) {
        node.remove();
        this.cards.delete(id);
      }
    }
    labels.forEach((label, place) => {
      if (!this.cards.has(label.id)) this.cards.set(label.id, this.card(label.id));
      const card = this.cards.get(label.id);
      if (this.list.children[place] !== card.node) this.list.insertBefore(card.node, this.list.children[place] ?? null);
      this.renderCard(card, label);
    });
    if (focused >= 0 && !this.list.contains(document.activeElement)) {
      this.list.children[Math.min(focused, labels.length - 1)]?.querySelector("input").focus();
    }
  }

  card(id) {
    const decide = (what) => button("", (event) => this.decide([id], what, event), { symbol: what });
    const box = el("input", { type: "checkbox", onchange: (event) => this.select([id], event.target.checked) });
    const [picture, says, why] = [el("img", { alt: "" }), el("p"), el("p", { class: "quiet" })];
    const [approve, reject] = [decide("approved"), decide("rejected")];
    const open = button("", () => this.open(id), { symbol: "open" });
    const acts = el("div", { class: "acts" }, approve, reject, open);
    const node = el("li", { "data-drawing": id }, el("label", { class: "pick" }, box, picture), says, why, acts);
    return { node, box, picture, says, why, approve, reject, open };
  }

  renderCard({ node, box, picture, says, why, approve, reject, open }, label) {
    if (label.id === this.queue.current) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
    box.checked = this.queue.selected.has(label.id);
    box.setAttribute("aria-label", `Select: ${label.name}`);
    if (!picture.src) picture.src = label.picture;
    write(says, label.says);
    write(why, label.brief);
    for (const [each, text] of [[approve, "Approve"], [reject, "Reject"], [open, "Open"]]) {
      each.setAttribute("aria-label", `${text}: ${label.name}`);
      each.title = text;
    }
    approve.disabled = !this.allowed("approved", label);
    reject.disabled = !this.allowed("rejected", label);
  }
}
