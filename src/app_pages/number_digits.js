// A number's digits: its text, a button with the picture of each, and a box around each in the picture that was uploaded.

const MANY = 16 // digits: with more they are smaller
const SMALLEST_BOX = 24 // CSS pixels, of a button around a small digit

class Digits {
  // `choose` is called with the digit whose button is pressed.
  constructor(find, choose) {
    this.find = find
    this.choose = choose
  }

  // `chosen` is the digit whose answer is shown, if any.
  paint({ digits, lines, picture, spoken }, chosen) {
    this.buttons = new Map(digits.map(digit => [digit.id, []]))
    this.keepFocus(() => {
      this.write(digits, lines)
      this.find(".digits").replaceChildren(...digits.map(digit => this.card(digit)))
      this.show(picture, digits)
    })
    this.mark(chosen)
    const heard = this.find(".heard")
    if (heard.textContent !== spoken) heard.textContent = spoken
  }

  mark(chosen) {
    for (const [id, buttons] of this.buttons)
      for (const button of buttons) button.setAttribute("aria-pressed", id === chosen?.id)
  }

  // The number, line by line.
  write(digits, lines) {
    const text = this.find(".text")
    text.classList.toggle("empty", !digits.length)
    this.find(".numbers").classList.toggle("many", digits.length > MANY)
    let next = 0
    const written = lines.map(({ count, hidden }) => {
      const line = document.createElement("span")
      line.className = "line"
      line.hidden = hidden
      for (const digit of digits.slice(next, (next += count))) {
        const glyph = line.appendChild(document.createElement("span"))
        glyph.textContent = digit.glyph
        glyph.classList.toggle("doubtful", digit.doubtful)
      }
      return line
    })
    text.replaceChildren(...written)
  }

  card(digit) {
    const item = document.createElement("li")
    const button = item.appendChild(this.button(digit))
    const image = button.appendChild(document.createElement("img"))
    image.src = digit.answer.picture
    image.alt = ""
    for (const name of ["glyph", "note"]) {
      const line = button.appendChild(document.createElement("span"))
      line.className = name
      line.textContent = digit[name] || (name === "glyph" ? "–" : "\u00a0")
    }
    return item
  }

  show(picture, digits) {
    const scene = this.find(".scene")
    scene.hidden = !picture
    scene.querySelectorAll("button").forEach(button => button.remove())
    if (!picture) return
    const image = scene.querySelector("img")
    image.src = picture.picture
    scene.style.aspectRatio = `${picture.width} / ${picture.height}`
    scene.style.setProperty("--ratio", picture.width / picture.height)
    scene.append(...digits.map(digit => this.box(digit, picture)))
  }

  box(digit, { width, height }) {
    const [x, y, w, h] = digit.box
    const button = this.button(digit)
    const of = (part, whole) => `${(100 * part) / whole}%`
    Object.assign(button.style, { left: of(x + w / 2, width), top: of(y + h / 2, height) })
    button.style.width = `max(${SMALLEST_BOX}px, ${of(w, width)})`
    button.style.height = `max(${SMALLEST_BOX}px, ${of(h, height)})`
    const read = button.appendChild(document.createElement("span"))
    read.textContent = digit.glyph || "–"
    return button
  }

  button(digit) {
    const button = document.createElement("button")
    button.type = "button"
    button.setAttribute("aria-label", digit.name)
    button.classList.toggle("doubtful", digit.doubtful)
    button.classList.toggle("labelled", digit.label !== null)
    button.addEventListener("click", () => this.choose(digit))
    this.buttons.get(digit.id).push(button)
    button.dataset.which = `${digit.id}-${this.buttons.get(digit.id).length}`
    return button
  }

  // Whoever goes through the digits by key stays at the same one, although its button is a new one.
  keepFocus(change) {
    const root = this.find(".digits").getRootNode()
    const which = root.activeElement?.dataset.which
    change()
    if (which) root.querySelector(`[data-which="${which}"]`)?.focus({ preventScroll: true })
  }
}

