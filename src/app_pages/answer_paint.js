// Painting an answer: the same words come from the page's script and from POST /api/strokes, so there is one painter.

class Painter {
  // `find` finds an element of the component, and `say` is called with the digit whose bar is pressed.
  constructor(find, say) {
    this.find = find
    const bars = find(".bars")
    bars.replaceChildren()
    for (let digit = 0; digit < 10; digit++) {
      const button = document.createElement("button")
      button.type = "button"
      button.innerHTML = '<span class="fill"></span><span class="name"></span><span class="percent"></span>'
      button.querySelector(".name").textContent = digit
      button.setAttribute("aria-label", `It is ${this.named(digit)}`)
      button.addEventListener("click", () => say(digit))
      bars.append(button)
    }
    this.bars = [...bars.children]
  }

  // The answer to `count` strokes, or without one the `prompt`; `asked` is the digit that is to be drawn, or null. A preview
  // is neither announced nor counted.
  paint(answer, count, { prompt, asked, progress }, preview) {
    const section = this.find(".answer")
    section.classList.toggle("empty", !answer)
    section.classList.toggle("doubt", !!answer && !answer.is_digit)
    section.classList.toggle("asked", asked !== null)
    section.classList.toggle("unsure", !!answer && answer.is_digit && !answer.sure)
    const digit = this.find(".digit")
    const glyph = answer ? (answer.is_digit ? String(answer.digit) : "?") : String(asked ?? 7)
    if (digit.textContent !== glyph) {
      digit.textContent = glyph
      digit.getAnimations().forEach(each => each.play())
    }
    if (preview) delete digit.dataset.strokes
    else digit.dataset.strokes = count
    digit.dataset.digit = answer ? answer.digit : ""
    this.find(".headline").textContent = answer ? answer.headline : prompt
    const task = asked === null ? "" : `You were asked for ${this.named(asked)}. `
    this.find(".detail").textContent = answer ? task + answer.detail : progress
    this.find(".hand").textContent = answer ? answer.hand : ""
    this.find(".hand").hidden = !answer?.hand
    this.find(".why").hidden = !answer
    if (answer) this.find(".why .picture").src = answer.picture
    const yes = this.find(".yes")
    yes.textContent = asked !== null ? `Done, ${this.named(asked)}` : !answer ? "Yes" : answer.is_digit ? `Yes, ${answer.name}` : "Right, not a digit"
    this.bars.forEach((button, n) => {
      const probability = answer ? answer.probabilities[n] : 0
      button.querySelector(".fill").style.transform = `scaleX(${probability})`
      button.querySelector(".percent").textContent = answer ? answer.percents[n] : ""
      button.classList.toggle("best", !!answer && n === answer.digit)
      button.classList.toggle("wanted", n === asked)
    })
    const spoken = answer && !preview ? `${answer.is_digit ? answer.digit + ". " : ""}${answer.headline}` : ""
    const status = this.find(".spoken")
    if (!preview && status.textContent !== spoken) status.textContent = spoken
  }

  named(digit) {
    return `${digit === 8 ? "an" : "a"} ${digit}`
  }

  // Whether the answer can be asked about and labelled: not while a label is on its way (`busy`), not where nothing is kept,
  // and where a digit was `asked` for, as that alone.
  enable(on, busy, { asked, keeps }) {
    this.find(".answer").classList.toggle("only-reads", !keeps)
    this.find(".why").disabled = !on
    this.find(".yes").disabled = !on || !keeps
    for (const button of [...this.bars, this.find(".none")]) button.disabled = !on || !keeps || asked !== null
    this.find(".answer").setAttribute("aria-busy", busy)
  }
}

