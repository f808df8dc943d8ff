// The answer under the pen. Listens to the canvas beside it (answer_canvas.js), asks POST /api/strokes while the pen moves
// and when it goes up, and paints what comes (answer_paint.js). The page's script, whose run costs ten times as much as an
// answer, is told of the strokes only when it has something to do with them, or when the pen has rested for a while.

const PREVIEW_EVERY = 120 // milliseconds, while the pen moves, and
const PREVIEW_PAUSE = 4 // times as long as the last preview took: the busier the app, the fewer there are
const SETTLED = 2500 // milliseconds after which the drawing is shown among the recent ones, though nothing is said of it
const PREVIEW_REFUSED = 3000 // milliseconds without previews after the app has refused one, since it is busy
const PATIENCE = 1500 // milliseconds that a message may take to the page's script, and the answer back; then twice as long,
const MOST_PATIENCE = 6000 // and at most so long, since a message can be lost with the connection, too
const RETRY_EVERY = 2000 // milliseconds, while there is no connection
const KEEP = "digit-reader-desk" // in sessionStorage: what a reload or a lost connection must not lose

class Desk {
  constructor(root) {
    this.find = selector => root.querySelector(selector)
    this.strokes = [] // on the canvas, each a list of [x, y] in the canvas's own pixels
    this.painted = 0 // strokes that the answer on the page stands for
    this.asked = 0 // requests so far: an answer that comes after a later one is not painted
    this.shown = 0
    this.busy = false // a label is on its way
    this.ended = new Map() // the drawings that were labelled, by their ids, with their last revisions
    this.previewAt = 0 // when the next preview may be asked for
    this.painter = new Painter(this.find, digit => this.say(digit))
    this.reasons = new Reasons(this.find)
    const on = {
      free: () => !this.busy,
      down: () => this.penDown(),
      moves: stroke => this.penMoves(stroke),
      up: stroke => this.penUp(stroke),
    }
    this.canvas = new Canvas(on, "Canvas: draw one digit here. Without a pointer, upload a picture instead.")
    this.memory = new Memory(KEEP)
    this.toast = new Toast(this.find, number => this.tell("undo", { number }))
    this.listen()
  }

  // --- What the page's script says ------------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    const before = this.data
    const begun = before?.session !== data.session // the page, or after a lost connection another session
    this.tell = setTriggerValue
    if (begun) this.ended.clear()
    else if (data.run < before.run || data.revision <= this.ended.get(data.id)) return // overtaken on its way
    this.data = data
    this.told = data.id // the drawing that the page's script knows of
    this.memory.update(data.fresh, setTriggerValue)
    this.connected(true)
    const anew = !before || before.revision !== data.revision || before.id !== data.id
    if (anew) {
      this.canvas.undress()
      this.shown = this.asked
      this.busy = false
      clearTimeout(this.patience)
    }
    // What is on the canvas stays there, also where the script does not know of all of it: then what is painted is newer.
    const drawn = JSON.parse(data.strokes)
    const other = begun || before.canvas !== data.canvas || before.id !== data.id
    if (other || drawn.length > this.strokes.length) this.strokes = drawn
    if (!this.ahead()) this.settled()
    else if (anew || before.model !== data.model) this.ask(this.strokes, true)
    if (anew || !(this.ahead() || this.canvas.pen)) this.paint(data.answer, data.count)
    if (this.tool && !this.ahead()) this.press(this.tool)
    this.enableTools()
    if (this.toast.update(data.said, begun)) this.release()
    const trouble = this.find(".trouble")
    if (trouble.textContent !== data.trouble) trouble.textContent = data.trouble
    trouble.hidden = !data.trouble
    if (data.trouble) this.release()
    this.canvas.dress(data.canvas, data.side)
    const stayed = !begun && before.canvas === data.canvas && before.source === data.source
    if (other && stayed && data.source === "canvas" && !drawn.length) this.canvas.empty() // the script has ended the drawing
    if (begun) this.restore()
    else this.remember()
  }

  // Whether something was drawn or labelled that the page's script does not know yet.
  ahead() {
    return this.told !== this.data.id || this.data.count < this.strokes.length
  }

  // Tell the page's script what is drawn. A message can be lost where the script is just running.
  tellDrawn(tries = TRIES, patience = PATIENCE) {
    clearTimeout(this.settling)
    if (!this.ahead() || this.busy) return
    this.tell("drawn", { id: this.data.id, strokes: this.strokes })
    if (tries > 1) this.settling = setTimeout(() => this.tellDrawn(tries - 1, longer(patience)), patience)
  }

  settled() {
    clearTimeout(this.settling)
  }

  // --- The pen --------------------------------------------------------------------------------------------------------

  listen() {
    this.ears = new AbortController()
    const to = (name, what) => document.addEventListener(name, what, { capture: true, signal: this.ears.signal })
    to("keydown", event => this.key(event))
    to("click", event => this.holdTool(event))
    const on = (selector, what) => this.find(selector).addEventListener("click", what, { signal: this.ears.signal })
    on(".yes", () => this.say(this.data.asked ?? (this.answer.is_digit ? this.answer.digit : null)))
    on(".none", () => this.say(null))
    on(".ask", () => this.find("dialog.keys").showModal())
    on(".why", () => this.reasons.ask(this.data.why, this.shownState()))
  }

  penDown() {
    this.settled()
    this.previewAt = Math.max(this.previewAt, performance.now() + PREVIEW_EVERY)
    this.find(".answer").classList.add("drawing")
  }

  penMoves(stroke) {
    const begin = performance.now()
    if (this.previewing || begin < this.previewAt) return
    this.previewing = this.ask([...this.strokes, stroke], false).finally(() => {
      this.previewing = null
      const pause = Math.max(PREVIEW_EVERY, PREVIEW_PAUSE * (performance.now() - begin))
      this.previewAt = Math.max(this.previewAt, begin + pause)
    })
  }

  penUp(stroke) {
    this.strokes.push(stroke)
    this.settled()
    this.settling = setTimeout(() => this.tellDrawn(), SETTLED)
    this.find(".answer").classList.remove("drawing")
    this.remember()
    this.enableTools()
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
      this.connected(true)
      if (!reply.ok && up) return this.tellDrawn() // the page's script reads it, or says why not
      if (!reply.ok) return (this.previewAt = performance.now() + PREVIEW_REFUSED)
      const { answer } = await reply.json()
      const same = this.data.id === id && this.data.revision === revision && !this.busy
      if (!same || number < this.shown) return
      this.shown = number
      this.paint(answer, count, !up)
    } catch {
      this.connected(false)
    }
  }

  // Without a connection the page says so, and asks again until there is one.
  connected(is) {
    clearTimeout(this.retry)
    document.documentElement.toggleAttribute("data-offline", !is)
    this.find(".offline").hidden = is
    if (!is && this.strokes.length) this.retry = setTimeout(() => this.ask(this.strokes, true), RETRY_EVERY)
  }

  // The state of the drawing that the answer on the page stands for.
  shownState() {
    const { id, revision, model, source } = this.data
    return { id, revision, model, source, strokes: this.painted }
  }

  // --- Painting -------------------------------------------------------------------------------------------------------

  paint(answer, count, preview = false) {
    this.answer = answer
    this.painted = preview ? this.painted : answer ? count : 0
    this.painter.paint(answer, count, this.data, preview)
    this.enable()
  }

  enable() {
    this.painter.enable(!this.busy && this.painted > 0, this.busy, this.data)
  }

  // --- Saying what it is ----------------------------------------------------------------------------------------------

  // `label` is a digit, or null for "not a digit". It is saved, and the next, empty canvas comes.
  say(label) {
    const { asked } = this.data
    if (this.busy || !this.painted || (asked !== null && label !== asked)) return
    this.busy = true
    this.enable()
    this.save(label)
  }

  // The page does that by itself where it can: where the canvas began empty, and no challenge goes on.
  async save(label) {
    const { id, asked, source, blank } = this.data
    const said = { id, count: this.painted, label, strokes: this.strokes }
    const alone = asked === null && source === "canvas" && blank && this.strokes.length < HISTORY
    const next = alone ? await savedLabel(this.data, this.painted, label) : null
    if (this.data.id !== id) return
    if (next) await this.goOn(next)
    else this.send(said, TRIES)
  }

  async goOn({ id, text }) {
    this.ended.set(this.data.id, this.data.revision)
    this.data = { ...this.data, id, count: 0 }
    this.strokes = []
    this.shown = this.asked
    this.remember()
    await this.canvas.empty()
    this.release()
    this.paint(null, 0)
    this.enableTools()
    this.find(".trouble").hidden = true
    this.toast.say({ name: id, text, undo: true })
    this.settled()
    this.settling = setTimeout(() => this.tellDrawn(), SETTLED)
  }

  // A message can be lost where the page's script is just running. It may come twice: the second time its drawing is gone.
  send(said, tries, patience = PATIENCE) {
    this.tell("said", said)
    const next = () => (tries > 1 ? this.send(said, tries - 1, longer(patience)) : this.release())
    this.patience = setTimeout(next, patience)
  }

  release() {
    clearTimeout(this.patience)
    this.busy = false
    this.enable()
  }

  // The last stroke, or on an empty canvas what the toast can take back.
  takeBack() {
    const empty = this.data.source === "canvas" && !this.strokes.length
    if (empty && this.toast.offers) this.toast.takeBack()
    else this.press("undo")
  }

  // --- Keys -----------------------------------------------------------------------------------------------------------

  key(event) {
    const target = event.composedPath()[0]
    const typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z"
    if (typing || (!undoes && (event.ctrlKey || event.metaKey)) || event.altKey || event.repeat) return
    if (this.find("dialog[open]") || document.querySelector("[role=dialog]")) return
    const pressed = (name, what) => {
      if (event.key !== name) return false
      event.preventDefault()
      what()
      return true
    }
    if (/^[0-9]$/.test(event.key)) this.say(Number(event.key))
    else if (event.key === "?") this.find("dialog.keys").showModal()
    else if (event.key.toLowerCase() === "n") this.say(null)
    else if (target.tagName !== "BUTTON" && pressed("Enter", () => this.find(".yes").click())) return
    else if (undoes || event.key === "Backspace") {
      event.preventDefault()
      this.takeBack()
    }
    else if (event.key === "Escape") this.press("clear")
  }

  // Undo, redo and clear act on what the page's script knows: they wait until that is what is drawn, for a while.
  press(tool, waited = false) {
    clearTimeout(this.held)
    this.tool = this.ahead() && !waited ? tool : null
    if (this.tool) {
      this.tellDrawn()
      this.held = setTimeout(() => this.press(tool, true), PATIENCE)
    } else {
      const button = document.querySelector(`.st-key-tool-${tool} button:not(:disabled)`)
      if (button?.checkVisibility()) button.click() // beside an upload there is no canvas to be seen
    }
  }

  holdTool(event) {
    const tool = ["undo", "redo", "clear"].find(name => event.target.closest?.(`.st-key-tool-${name} button`))
    if (!tool || !this.ahead()) return
    event.preventDefault()
    event.stopPropagation()
    this.press(tool)
  }

  // There is nothing to undo or to clear on an empty canvas. Each canvas may bring new buttons with it, a moment later.
  enableTools() {
    cancelAnimationFrame(this.enabling)
    const buttons = ["undo", "clear"].map(tool => document.querySelector(`.st-key-tool-${tool} button`))
    for (const button of buttons) if (button) button.disabled = !this.strokes.length
    if (buttons.includes(null)) this.enabling = requestAnimationFrame(() => this.enableTools())
  }

  // --- What must not be lost ------------------------------------------------------------------------------------------

  remember() {
    const { id, model, brush } = this.data
    this.memory.keep({ id, model, brush, strokes: this.strokes })
  }

  // A session that has just begun asks for what the one before it has kept.
  restore() {
    const kept = this.memory.kept()
    if (!kept) return
    const changed = kept.model !== this.data.model || kept.brush !== this.data.brush
    if (kept.strokes?.length || changed) this.memory.bringBack(kept)
  }

  leave() {
    this.ears.abort()
    this.canvas.leave()
    clearTimeout(this.patience)
    clearTimeout(this.held)
    clearTimeout(this.retry)
    this.settled()
    cancelAnimationFrame(this.enabling)
    this.memory.leave()
    this.toast.leave()
    document.documentElement.removeAttribute("data-offline")
  }
}

// Each try waits longer than the one before: on a busy app, every message is one more run of the script.
const longer = patience => Math.min(2 * patience, MOST_PATIENCE)

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
