// A number that is written on the wide canvas or was uploaded: a press on one of its digits opens the answer to it, and the
// buttons that say what it is. The page's script reads, and saves; this only shows, and sends.

const KEEP = "digit-reader-number" // in sessionStorage
const NOT_A_DIGIT = 10

class NumberDesk {
  constructor(root) {
    this.find = selector => root.querySelector(selector)
    this.busy = false // a label is on its way
    this.pressed = null // the id of the digit that was chosen
    this.painter = new Painter(this.find, digit => this.say(digit))
    this.reasons = new Reasons(this.find)
    this.digits = new Digits(this.find, digit => this.press(digit))
    this.memory = new Memory(KEEP)
    this.toast = new Toast(this.find, number => this.tell("undo", { number }))
    const on = { free: () => true, down: () => this.penDown(), moves: () => {}, up: () => {} }
    this.canvas = new Canvas(on, "Canvas: write a number here. Without a pointer, upload a picture instead.")
    this.listen()
  }

  // --- What the page's script says ------------------------------------------------------------------------------------

  update({ data, setTriggerValue }) {
    const before = this.data
    const begun = before?.session !== data.session || before.id !== data.id
    if (before?.session === data.session && data.run < before.run) return // overtaken on its way
    this.data = data
    this.tell = setTriggerValue
    this.memory.update(data.fresh, setTriggerValue)
    this.find(".numbers").classList.remove("drawing")
    this.paint()
    if (this.toast.update(data.said, !before) || data.trouble || begun) this.release()
    this.dress(before)
  }

  paint() {
    const { digits, about, trouble } = this.data
    this.digits.paint(this.data, this.chosen)
    const sentence = this.find(".about")
    if (sentence.textContent !== about) sentence.textContent = about
    const alert = this.find(".trouble")
    if (alert.textContent !== trouble) alert.textContent = trouble
    alert.hidden = !trouble
    this.find(".numbers").classList.toggle("none-read", !digits.length)
    this.answer()
  }

  dress(before) {
    const { canvas, width, id, strokes } = this.data
    if (!canvas) return
    if (before && before.canvas !== canvas) this.canvas.undress()
    this.canvas.dress(canvas, width)
    const kept = before ? null : this.memory.kept()
    if (kept?.strokes?.length) this.memory.bringBack(kept)
    else this.memory.keep({ id, strokes: JSON.parse(strokes) })
  }

  // --- One of the digits ----------------------------------------------------------------------------------------------

  // The digit whose answer is shown: the one that was pressed, or the only one.
  get chosen() {
    const { digits } = this.data
    return digits.find(digit => digit.id === this.pressed) ?? (digits.length === 1 ? digits[0] : null)
  }

  press(digit) {
    this.pressed = digit.id === this.pressed ? null : digit.id
    this.digits.mark(this.chosen)
    this.answer()
    if (this.chosen) this.find(".answer").scrollIntoView({ block: "nearest" })
  }

  answer() {
    const digit = this.chosen
    this.find(".answer").hidden = !digit
    if (!digit) return
    const task = { prompt: "", asked: null, progress: "" }
    this.painter.paint(digit.answer, 1, task, false)
    if (digit.told) this.find(".detail").textContent = digit.told
    this.painter.bars.forEach((bar, n) => bar.classList.toggle("said", n === digit.label))
    this.enable()
  }

  enable() {
    const { keeps } = this.data
    this.painter.enable(!this.busy, this.busy, { asked: null, keeps })
    const { label, answer } = this.chosen ?? {}
    if (label === (answer?.is_digit ? answer.digit : NOT_A_DIGIT)) this.find(".yes").disabled = true
    if (label === NOT_A_DIGIT) this.find(".none").disabled = true
  }

  // --- Saying what it is ----------------------------------------------------------------------------------------------

  say(label) {
    const digit = this.chosen
    if (this.busy || !digit || !this.data.keeps || digit.label === label) return
    this.busy = true
    this.enable()
    this.send({ id: digit.id, mark: digit.mark, label }, TRIES)
  }

  // It may come twice: the second time it changes nothing.
  send(said, tries) {
    this.tell("said", said)
    this.patience = setTimeout(() => (tries > 1 ? this.send(said, tries - 1) : this.release()), RESENT_AFTER)
  }

  release() {
    clearTimeout(this.patience)
    this.busy = false
    this.enable()
  }

  // --- Pen and keys ---------------------------------------------------------------------------------------------------

  listen() {
    this.ears = new AbortController()
    const { signal } = this.ears
    document.addEventListener("keydown", event => this.key(event), { capture: true, signal })
    for (const name of ["online", "offline"])
      window.addEventListener(name, () => (this.find(".offline").hidden = navigator.onLine), { signal })
    this.find(".why").onclick = () => this.reasons.ask(this.data.why, this.chosen.state)
    this.find(".none").onclick = () => this.say(NOT_A_DIGIT)
    this.find(".yes").onclick = () => {
      const { is_digit, digit } = this.chosen.answer
      this.say(is_digit ? digit : NOT_A_DIGIT)
    }
  }

  penDown() {
    this.find(".numbers").classList.add("drawing")
  }

  key(event) {
    const target = event.composedPath()[0]
    const typing = target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
    const undoes = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z"
    if (typing || (!undoes && (event.ctrlKey || event.metaKey)) || event.altKey || event.repeat) return
    if (this.find("dialog[open]") || document.querySelector("[role=dialog]")) return
    if (/^[0-9]$/.test(event.key)) this.say(Number(event.key))
    else if (event.key.toLowerCase() === "n") this.say(NOT_A_DIGIT)
    else if (event.key === "Escape") this.close()
    else if (undoes || event.key === "Backspace") {
      event.preventDefault()
      this.takeBack()
    }
  }

  close() {
    if (this.pressed) this.press({ id: this.pressed })
  }

  // The last stroke, or where there is none what the toast can take back.
  takeBack() {
    const button = document.querySelector(".st-key-number-tool-undo button:not(:disabled)")
    if (this.data.canvas && button) button.click()
    else if (this.toast.offers) this.toast.takeBack()
  }

  leave() {
    this.ears.abort()
    this.canvas.leave()
    this.memory.leave()
    this.toast.leave()
    clearTimeout(this.patience)
  }
}

// As in answer.js: only the first of what is returned is a reason to end.
export default function (component) {
  const root = component.parentElement
  root.desk ??= new NumberDesk(root)
  root.desk.update(component)
  return () =>
    setTimeout(() => {
      if (root.isConnected) return
      root.desk?.leave()
      delete root.desk
    })
}
