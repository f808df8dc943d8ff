// "Why?": a sheet that says which ink spoke for the answer and which against it. POST /api/why knows; all texts are text.

class Reasons {
  constructor(find) {
    this.sheet = find("dialog.because")
    this.find = selector => this.sheet.querySelector(selector)
  }

  async ask(url, state) {
    this.say("Why?", "It is read again, with some of its ink left out …")
    this.sheet.showModal()
    this.asked = state // an answer that comes after the next question is not shown
    const headers = { "content-type": "application/json" }
    try {
      const reply = await fetch(url, { method: "POST", headers, body: JSON.stringify(state) })
      const told = await reply.json()
      if (this.asked !== state) return
      if (reply.ok) this.show(told)
      else this.say("Why?", told.detail)
    } catch {
      if (this.asked === state) this.say("Why?", "The app cannot be reached: ask again in a moment.")
    }
  }

  say(title, waiting) {
    this.find("h2").textContent = title
    this.find(".waiting").textContent = waiting
    this.find(".told").hidden = !!waiting
  }

  show(told) {
    const picture = this.find(".seen img")
    picture.src = told.picture
    picture.alt = told.alt
    const ring = this.find(".ring")
    ring.hidden = !told.ring
    if (told.ring) [ring.style.left, ring.style.top] = told.ring.map(part => `${100 * part}%`)
    this.find(".legend .for").textContent = `Blue ink speaks ${told.speaks_for}.`
    this.find(".legend .against").textContent = `Orange ink speaks ${told.speaks_against}.`
    this.find(".sentences").replaceChildren(...told.sentences.map(sentence => this.item(sentence)))
    this.find(".note").textContent = told.likenesses_note
    this.find(".likenesses").replaceChildren(...told.likenesses.map(one => this.likeness(one)))
    this.say(told.title, "")
  }

  item(...children) {
    const item = document.createElement("li")
    item.append(...children)
    return item
  }

  likeness({ picture, label }) {
    const image = document.createElement("img")
    image.className = "picture"
    image.src = picture
    image.alt = "Your drawing of"
    return this.item(image, String(label))
  }
}

