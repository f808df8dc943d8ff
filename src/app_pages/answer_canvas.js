// The canvas beside the answer: finds it, fits it to the page, and follows the pen on it.

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
    width: var(--canvas-width, var(--side, 300px)) !important; height: var(--side, 300px) !important }
  canvas.upper-canvas:focus-visible { outline: 3px solid var(--st-primary-color); outline-offset: 2px }
`)

const HISTORY = 100 // strokes that the canvas can take back

class Canvas {
  // `on` has free(), whether a stroke may begin, and down(), moves(stroke) and up(stroke). A stroke is a list of [x, y]
  // in the canvas's own pixels. `label` is what the canvas is called.
  constructor(on, label) {
    this.on = on
    this.label = label
    this.pen = null // the stroke that is being drawn
    this.ears = new AbortController()
    const to = (name, what) => document.addEventListener(name, what, { capture: true, signal: this.ears.signal })
    to("pointerdown", event => this.penDown(event))
    to("pointermove", event => this.penMoves(event))
    to("pointerup", event => this.penUp(event))
    to("pointercancel", event => this.penUp(event))
  }

  // The canvas comes when its own script is loaded, and anew whenever it is cleared: then under another `key`. It is so
  // many of its own pixels wide.
  dress(key, width) {
    this.width = width
    cancelAnimationFrame(this.waiting)
    const host = document.querySelector(`.st-key-${key} [data-testid=stBidiComponentIsolated]`)
    const sheets = host?.shadowRoot?.adoptedStyleSheets
    if (sheets && !sheets.includes(CANVAS_STYLE)) sheets.push(CANVAS_STYLE)
    const canvas = host?.shadowRoot?.querySelector("canvas.upper-canvas")
    if (!canvas) {
      this.waiting = requestAnimationFrame(() => this.dress(key, width))
    } else if (this.dressed !== canvas) {
      this.dressed = canvas
      canvas.tabIndex = 0
      canvas.setAttribute("role", "img")
      canvas.setAttribute("aria-label", this.label)
    }
  }

  // Another canvas, or another drawing on it, is to come: what the pen is drawing goes with the last one.
  undress() {
    this.pen = null
    this.dressed = null
  }

  // Take away all that was drawn on a canvas that began empty, by its own history: that sends nothing. It loads each state
  // for a moment, and the last that is loaded stays.
  async empty() {
    const undo = this.dressed?.getRootNode().querySelector(".dc-toolbar button[title=Undo]")
    for (let left = HISTORY; left > 0 && undo && !undo.disabled; left--) {
      undo.click()
      await new Promise(resolve => setTimeout(resolve))
    }
  }

  leave() {
    this.ears.abort()
    cancelAnimationFrame(this.waiting)
  }

  // The canvas itself draws by mouse events, which know whole pixels alone: what is read is what is seen.
  place(event) {
    const box = this.dressed.getBoundingClientRect()
    const scale = this.width / box.width
    const whole = event.pointerType === "mouse" ? Math.floor : value => value
    const tenth = value => Math.round(value * scale * 10) / 10
    return [tenth(whole(event.clientX) - box.left), tenth(whole(event.clientY) - box.top)]
  }

  penDown(event) {
    if (!event.isPrimary || event.button !== 0 || event.composedPath()[0] !== this.dressed || !this.on.free()) return
    this.pen = [this.place(event)]
    this.on.down()
  }

  penMoves(event) {
    if (!this.pen || !event.isPrimary) return
    this.pen.push(this.place(event))
    this.on.moves(this.pen)
  }

  penUp(event) {
    if (!this.pen || !event.isPrimary) return
    const stroke = this.pen
    this.pen = null
    this.on.up(stroke)
  }
}

