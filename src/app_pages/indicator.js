// Asks every few seconds how the app is, and has the page's script run when that has changed: it says so in words.

const ASK_EVERY = 3000 // milliseconds, while the page can be seen

class Watch {
  constructor() {
    this.timer = setInterval(() => this.ask(), ASK_EVERY)
  }

  update({ data, setTriggerValue }) {
    this.data = data
    this.tell = setTriggerValue
  }

  async ask() {
    if (document.hidden) return
    try {
      const reply = await fetch(this.data.url)
      const { condition } = await reply.json()
      if (condition !== this.data.condition) this.tell("changed", condition)
    } catch {
      // No connection: whoever draws is told by the answer's component.
    }
  }

  leave() {
    clearInterval(this.timer)
  }
}

export default function (component) {
  const root = component.parentElement
  root.watch ??= new Watch()
  root.watch.update(component)
  return () =>
    setTimeout(() => {
      if (root.isConnected) return
      root.watch?.leave()
      delete root.watch
    })
}
