// What the page says for a moment, perhaps with a way to undo it.

const TOAST_FOR = 10000 // milliseconds

class Toast {
  // `undo` is called with the number or the name of what was said when its button is pressed.
  constructor(find, undo) {
    this.box = find(".toast")
    this.button = this.box.querySelector("button")
    this.undo = undo
    this.button.onclick = () => this.takeBack()
  }

  // Returns whether that has not been said before. A page that has just come (`begun`) repeats nothing, and nothing is said
  // again that the page has said by itself.
  update(said, begun) {
    if (begun) this.heard = said?.number
    if (!said || said.number === this.heard) return false
    this.heard = said.number
    if (said.name && said.name === this.said?.name) return false
    this.say(said)
    return true
  }

  // What is said has a `number` where the page's script says it, or else a `name`.
  say(said) {
    this.said = said
    this.box.querySelector("span").textContent = said.text
    this.button.hidden = !said.undo
    this.box.hidden = false
    clearTimeout(this.fading)
    this.fading = setTimeout(() => (this.box.hidden = true), TOAST_FOR)
  }

  // Whether there is something on it to take back.
  get offers() {
    return !this.box.hidden && !this.button.hidden
  }

  takeBack() {
    this.box.hidden = true
    this.undo(this.said.name || this.said.number)
  }

  leave() {
    clearTimeout(this.fading)
  }
}

