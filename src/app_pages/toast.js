// What the page says for a moment, perhaps with a way to undo it.

const TOAST_FOR = 10000 // milliseconds

class Toast {
  // `undo` is called with the number of what was said when its button is pressed.
  constructor(find, undo) {
    this.box = find(".toast")
    this.button = this.box.querySelector("button")
    this.undo = undo
    this.button.onclick = () => this.takeBack()
  }

  // Returns whether that has not been said before. A page that has just come (`begun`) repeats nothing.
  update(said, begun) {
    if (begun) this.heard = said?.number
    if (!said || said.number === this.heard) return false
    this.heard = said.number
    this.box.querySelector("span").textContent = said.text
    this.button.hidden = !said.undo
    this.box.hidden = false
    clearTimeout(this.fading)
    this.fading = setTimeout(() => (this.box.hidden = true), TOAST_FOR)
    return true
  }

  // Whether there is something on it to take back.
  get offers() {
    return !this.box.hidden && !this.button.hidden
  }

  takeBack() {
    this.box.hidden = true
    this.undo(this.heard)
  }

  leave() {
    clearTimeout(this.fading)
  }
}

