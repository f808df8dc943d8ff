// The answer under the pen. Listens to the canvas beside it, asks POST /api/strokes while the pen moves and when it goes
// up, and paints what comes: the same words that the page's script sends a moment later, so there is one renderer.

const PREVIEW_EVERY = 120 // milliseconds, while the pen moves
const PATIENCE = 1500 // milliseconds after a pen-up in which the page's script may not know of the stroke yet
const TRIES = 5 // messages that say the same label, until the page's script has taken one
const TOAST_FOR = 7000 // milliseconds
const KEEP = "digit-reader-desk" // in sessionStorage: what a reload or a lost connection must not lose

// The canvas component has a toolbar with a history of its own, which we do not show, and a size in pixels, which ours
// fits to the screen. Its shadow root takes a stylesheet from us; custom properties come through from the page. Its own
// stylesheet comes a moment after it: without the first two rules the canvas would lie below its background until then.
const CANVAS_STYLE = new CSSStyleSheet()
CANVAS_STYLE.replaceSync(`
  .dc-container { position: relative }
  .dc-background-canvas, .dc-canvas { position: absolute; top: 0; left: 0 }
  .dc-toolbar { display: none !important }
  .dc-root, .dc-scroll { overflow: visible !important }
  .dc-container, .canvas-container, canvas {
    width: var(--side, 300px) !important; height: var(--side, 300px) !important }
  canvas.upper-canvas:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px }
`)

class Desk {
  constructor(root) {
    this.find = selector => root.querySelector(selector)
    this.strokes = [] // on the canvas, each a list of [x, y] in the canvas's own pixels
    this.pen = null // the stroke that is being drawn
    this.painted = 0 // strokes that the answer on the page stands for
    this.asked = 0 // requests so far: an answer that comes after a later one is not painted
    this.shown = 0
    this.busy = false // a label is on its way
    this.lastUp = 0 // when the pen went up last
    this.makeBars()
    this.listen()
  }

  // --- What the page's script says ------------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    const before = this.data
    if (before?.session === data.session && data.run < before.run) return // overtaken on its way
    this.data = data
    this.tell = setTriggerValue
    const anew = !before || before.revision !== data.revision || before.id !== data.id
    if (anew) {
      this.pen = null
      this.shown = this.asked
      this.busy = false
      clearTimeout(this.patience)
      this.dressed = null
    }
    // The script may still answer to an earlier stroke: then what is painted is newer.
    if (anew || !(this.ahead() || this.pen)) {
      this.strokes = JSON.parse(data.strokes)
      this.paint(data.answer, data.count)
    }
    if (this.tool && !this.ahead()) this.press(this.tool)
    if (data.said && data.said.number !== this.heard) this.hear(data.said)
    const trouble = this.find(".trouble")
    if (trouble.textContent !== data.trouble) trouble.textContent = data.trouble
    trouble.hidden = !data.trouble
    if (data.trouble) this.release()
    this.dressCanvas()
    if (!before) this.restore()
    else this.remember()
  }

  // Whether strokes are drawn that the page's script does not know yet.
  ahead() {
    return this.data.count < this.strokes.length && performance.now() - this.lastUp < PATIENCE
  }

  // --- The canvas -----------------------------------------------------------------------------------------------------

  // The canvas comes when its own script is loaded, and anew whenever it is cleared.
  dressCanvas() {
    cancelAnimationFrame(this.waiting)
    const host = document.querySelector(`.st-key-${this.data.canvas} [data-testid=stBidiComponentIsolated]`)
    const sheets = host?.shadowRoot?.adoptedStyleSheets
    if (sheets && !sheets.includes(CANVAS_STYLE)) sheets.push(CANVAS_STYLE)
    const canvas = host?.shadowRoot?.querySelector("canvas.upper-canvas")
    if (!canvas) {
      this.waiting = requestAnimationFrame(() => this.dressCanvas())
    } else if (this.dressed !== canvas) {
      this.dressed = canvas
      canvas.tabIndex = 0
      canvas.setAttribute("role", "img")
      canvas.setAttribute("aria-label", "Canvas: draw one digit here. Without a pointer, upload a picture instead.")
    }
  }

  listen() {
    this.ears = new AbortController()
    const to = (name, what) => document.addEventListener(name, what, { capture: true, signal: this.ears.signal })
    to("pointerdown", event => this.penDown(event))
    to("pointermove", event => this.penMoves(event))
    to("pointerup", event => this.penUp(event))
    to("pointercancel", event => this.penUp(event))
    to("keydown", event => this.key(event))
    to("click", event => this.holdTool(event))
    const on = (selector, what) => this.find(selector).addEventListener("click", what, { signal: this.ears.signal })
    on(".yes", () => this.say(this.answer.is_digit ? this.answer.digit : null))
    on(".none", () => this.say(null))
    on(".ask", () => this.find("dialog.keys").showModal())
    on(".toast button", () => this.undo())
  }

  place(event) {
    const box = this.dressed.getBoundingClientRect()
    const scale = this.data.side / box.width
    const tenth = value => Math.round(value * scale * 10) / 10
    return [tenth(event.clientX - box.left), tenth(event.clientY - box.top)]
  }

  penDown(event) {
    if (!event.isPrimary || event.button !== 0 || event.composedPath()[0] !== this.dressed || this.busy) return
    this.pen = [this.place(event)]
    this.previewed = performance.now()
    this.find(".answer").classList.add("drawing")
  }

  penMoves(event) {
    if (!this.pen || !event.isPrimary) return
    this.pen.push(this.place(event))
    const now = performance.now()
    if (!this.previewing && now - this.previewed > PREVIEW_EVERY) {
      this.previewed = now
      this.previewing = this.ask([...this.strokes, this.pen], false).finally(() => (this.previewing = null))
    }
  }

  penUp(event) {
    if (!this.pen || !event.isPrimary) return
    this.strokes.push(this.pen)
    this.pen = null
    this.lastUp = performance.now()
    this.find(".answer").classList.remove("drawing")
    this.remember()
    this.ask(this.strokes, true)
  }

  // --- Asking ---------------------------------------------------------------------------------------------------------

  async ask(strokes, up) {
    const { id, revision, model, side, pen, url } = this.data
    const count = strokes.length
    const number = ++this.asked
    const body = { id, revision, model, side, pen, up, strokes: strokes.map(one => one.flat().join(" ")).join("/") }
    const headers = { "content-type": "application/json" }
    try {
      const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) })
      if (!reply.ok) return // the page's script reads it in a moment
      const { answer } = await reply.json()
      const same = this.data.id === id && this.data.revision === revision && !this.busy
      if (!same || number < this.shown) return
      this.shown = number
      this.paint(answer, count, !up)
    } catch {
      // Without a connection there is nothing to paint: the page says so itself.
    }
  }

  // --- Painting -------------------------------------------------------------------------------------------------------

  makeBars() {
    const bars = this.find(".bars")
    bars.replaceChildren()
    for (let digit = 0; digit < 10; digit++) {
      const button = document.createElement("button")
      button.type = "button"
      button.innerHTML = '<span class="fill"></span><span class="name"></span><span class="percent"></span>'
      button.querySelector(".name").textContent = digit
      button.setAttribute("aria-label", `It is ${digit === 8 ? "an" : "a"} ${digit}`)
      button.addEventListener("click", () => this.say(digit))
      bars.append(button)
    }
    this.bars = [...bars.children]
  }

  paint(answer, count, preview = false) {
    this.answer = answer
    this.painted = preview ? this.painted : answer ? count : 0
    const section = this.find(".answer")
    section.classList.toggle("empty", !answer)
    section.classList.toggle("doubt", !!answer && !answer.is_digit)
    section.classList.toggle("unsure", !!answer && answer.is_digit && !answer.sure)
    const digit = this.find(".digit")
    const glyph = answer ? (answer.is_digit ? String(answer.digit) : "?") : "7"
    if (digit.textContent !== glyph) {
      digit.textContent = glyph
      digit.getAnimations().forEach(each => each.play())
    }
    if (preview) delete digit.dataset.strokes
    else digit.dataset.strokes = count
    digit.dataset.digit = answer ? answer.digit : ""
    this.find(".headline").textContent = answer ? answer.headline : this.data.prompt
    this.find(".detail").textContent = answer ? answer.detail : ""
    this.find(".hand").textContent = answer ? answer.hand : ""
    this.find(".hand").hidden = !answer?.hand
    const picture = this.find(".picture")
    picture.hidden = !answer
    if (answer) picture.src = answer.picture
    const yes = this.find(".yes")
    yes.textContent = !answer ? "Yes" : answer.is_digit ? `Yes, ${answer.name}` : "Right, not a digit"
    this.bars.forEach((button, n) => {
      const probability = answer ? answer.probabilities[n] : 0
      button.querySelector(".fill").style.transform = `scaleX(${probability})`
      button.querySelector(".percent").textContent = answer ? answer.percents[n] : ""
      button.classList.toggle("best", !!answer && n === answer.digit)
    })
    this.enable()
    const spoken = answer && !preview ? `${answer.is_digit ? answer.digit + ". " : ""}${answer.headline}` : ""
    const status = this.find(".spoken")
    if (!preview && status.textContent !== spoken) status.textContent = spoken
  }

  enable() {
    const off = this.busy || !this.painted || !this.data.keeps // an app that keeps nothing takes no labels
    this.find(".answer").classList.toggle("only-reads", !this.data.keeps)
    for (const button of [...this.bars, this.find(".yes"), this.find(".none")]) button.disabled = off
    this.find(".answer").setAttribute("aria-busy", this.busy)
  }

  // --- Saying what it is ----------------------------------------------------------------------------------------------

  // `label` is a digit, or null for "not a digit". The page's script saves it, and brings the next, empty canvas.
  say(label) {
    if (this.bars[0].disabled) return
    this.busy = true
    this.enable()
    this.send({ id: this.data.id, count: this.painted, label }, TRIES)
  }

  // A message can be lost where the page's script is just running. It may come twice: the second time its drawing is gone.
  send(said, tries) {
    this.tell("said", said)
    this.patience = setTimeout(() => (tries > 1 ? this.send(said, tries - 1) : this.release()), PATIENCE)
  }

  release() {
    clearTimeout(this.patience)
    this.busy = false
    this.enable()
  }

  hear(said) {
    this.heard = said.number
    this.release()
    const toast = this.find(".toast")
    toast.querySelector("span").textContent = said.text
    toast.querySelector("button").hidden = !said.undo
    toast.hidden = false
    clearTimeout(this.fading)
    this.fading = setTimeout(() => (toast.hidden = true), TOAST_FOR)
  }

  undo() {
    this.find(".toast").hidden = true
    this.tell("undo", { number: this.heard })
  }

  // --- Keys -----------------------------------------------------------------------------------------------------------

  key(event) {
    const target = event.composedPath()[0]
    const dialog = this.find("dialog.keys")
    const typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat) return
    if (dialog.open || document.querySelector("[role=dialog]")) return
    const pressed = (name, what) => {
      if (event.key !== name) return false
      event.preventDefault()
      what()
      return true
    }
    if (/^[0-9]$/.test(event.key)) this.say(Number(event.key))
    else if (event.key === "?") dialog.showModal()
    else if (event.key.toLowerCase() === "n") this.say(null)
    else if (target.tagName !== "BUTTON" && pressed("Enter", () => this.find(".yes").click())) return
    else if (pressed("Backspace", () => this.press("undo"))) return
    else if (event.key === "Escape") this.press("clear")
  }

  // Undo, redo and clear act on what the page's script knows: they wait until that is what is drawn.
  press(tool) {
    clearTimeout(this.held)
    this.tool = this.ahead() ? tool : null
    if (this.tool) this.held = setTimeout(() => this.press(tool), PATIENCE)
    else document.querySelector(`.st-key-tool-${tool} button:not(:disabled)`)?.click()
  }

  holdTool(event) {
    const tool = ["undo", "redo", "clear"].find(name => event.target.closest?.(`.st-key-tool-${name} button`))
    if (!tool || !this.ahead()) return
    event.preventDefault()
    event.stopPropagation()
    this.press(tool)
  }

  // --- What must not be lost ------------------------------------------------------------------------------------------

  remember() {
    const { id, model, brush } = this.data
    const kept = { id, model, brush, strokes: this.strokes }
    try {
      sessionStorage.setItem(KEEP, JSON.stringify(kept))
    } catch {
      // No storage, or it is full: only a reload would have needed it.
    }
  }

  // A page that has just begun asks for what the one before it has kept.
  restore() {
    let kept = null
    try {
      kept = JSON.parse(sessionStorage.getItem(KEEP))
    } catch {
      return
    }
    if (!this.data.fresh || !kept) return
    const changed = kept.model !== this.data.model || kept.brush !== this.data.brush
    if (kept.strokes?.length || changed) this.tell("restore", kept)
  }

  leave() {
    this.ears.abort()
    cancelAnimationFrame(this.waiting)
    clearTimeout(this.patience)
    clearTimeout(this.held)
    clearTimeout(this.fading)
  }
}

// Called with every run of the page's script. What it returns is called when the component leaves the page, but also for
// data that newer data has overtaken: only the first is a reason to end.
export default function (component) {
  const root = component.parentElement
  root.desk ??= new Desk(root)
  root.desk.update(component)
  return () =>
    setTimeout(() => {
      if (root.isConnected) return
      root.desk?.leave()
      delete root.desk
    })
}
