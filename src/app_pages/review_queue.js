/* The queue of the Review page: which drawing a key is meant for, and what has been decided but is not confirmed yet.

   A decision is an order with an id of its own and the ids of its drawings. It stays in the outbox until Python has
   confirmed it, and every message carries the whole outbox: one that is lost or overtaken costs nothing, since Python
   carries out each order once. The queue goes on at once as if all of the outbox were done, so that the next key meets
   the drawing that is then shown. */

const UNDO = "undo";
const REMEMBERED = 500; // labels that an undo can show again before Python has sent them

class Queue {
  constructor() {
    this.page = { labels: [], done: [], past: [] };
    this.outbox = [];
    this.current = null; // the id of the drawing that the keys act on
    this.selected = new Set();
    this.seen = new Map(); // the labels that were shown, by their drawings' ids, in the order of the queue
    this.made = new Map(); // the drawings of every order made here, by the order's id
    this.prefix = Math.random().toString(36).slice(2); // crypto.randomUUID needs HTTPS
    this.count = 0;
  }

  /* Take what Python sends; whether another drawing became the current one without anybody's doing here. */
  receive(page) {
    this.page = page;
    this.outbox = this.outbox.filter((order) => !page.done.includes(order.id));
    this.remember(page.labels);
    const before = this.current;
    const labels = this.labels();
    if (!labels.some((label) => label.id === before)) this.current = labels[0]?.id ?? null;
    this.keepSelected(labels);
    return before !== null && this.current !== before;
  }

  /* The labels as they stand once the outbox is done: without what it decides, and with what it takes back. */
  labels() {
    const decided = new Set(), returned = new Set();
    for (const order of this.outbox) {
      for (const id of order.drawings) {
        (order.verdict === UNDO ? returned : decided).add(id);
        (order.verdict === UNDO ? decided : returned).delete(id);
      }
    }
    for (const label of this.page.labels) if (!decided.has(label.id)) returned.add(label.id);
    return [...this.seen.values()].filter((label) => returned.has(label.id));
  }

  /* Remember what is listed; what no longer is keeps its place behind the label that it stood behind. */
  remember(labels) {
    const order = labels.map((label) => label.id);
    const listed = new Set(order);
    let before = null;
    for (const id of this.seen.keys()) {
      if (!listed.has(id)) order.splice(order.indexOf(before) + 1, 0, id);
      before = id;
    }
    for (const label of labels) this.seen.set(label.id, label);
    const forgotten = order.filter((id) => !listed.has(id)).slice(0, Math.max(0, order.length - REMEMBERED));
    for (const id of forgotten) order.splice(order.indexOf(id), 1);
    this.seen = new Map(order.map((id) => [id, this.seen.get(id)]));
  }

  label() {
    return this.labels().find((label) => label.id === this.current) ?? null;
  }

  /* What can be undone, the last one last: {id, words} where Python has confirmed it, otherwise the order. */
  undoable() {
    let past = [...this.page.past];
    for (const order of this.outbox) {
      if (order.verdict === UNDO) past = past.filter((each) => each.id !== order.of);
      else past.push(order);
    }
    return past;
  }

  /* Decide on drawings; the next label becomes the current one where the current one is among them. */
  decide(drawings, verdict) {
    const labels = this.labels();
    const place = Math.max(0, labels.findIndex((label) => label.id === this.current));
    const left = [...labels.slice(place), ...labels.slice(0, place)].filter((label) => !drawings.includes(label.id));
    this.order({ verdict, drawings });
    this.current = left[0]?.id ?? null;
    this.keepSelected(left);
  }

  /* Take the last decision back, and return to its drawing. */
  undo() {
    const last = this.undoable().at(-1);
    if (!last) return false;
    const drawings = this.made.get(last.id) ?? [];
    this.order({ verdict: UNDO, of: last.id, drawings });
    const labels = this.labels();
    this.current = labels.find((label) => drawings.includes(label.id))?.id ?? this.current ?? labels[0]?.id ?? null;
    return true;
  }

  next() {
    const labels = this.labels();
    const place = labels.findIndex((label) => label.id === this.current);
    if (labels.length) this.current = labels[(place + 1) % labels.length].id;
  }

  order(what) {
    const order = { id: `${this.prefix}-${(this.count += 1)}`, ...what };
    this.made.set(order.id, order.drawings);
    this.outbox.push(order);
  }

  keepSelected(labels) {
    const left = new Set(labels.map((label) => label.id));
    this.selected = new Set([...this.selected].filter((id) => left.has(id)));
  }
}
