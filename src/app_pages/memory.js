// What a reload or a lost connection must not lose: it is kept in sessionStorage, and a session that has just begun gets it
// back.

const RESENT_AFTER = 1500 // milliseconds: a message can be lost where the page's script is just running
const TRIES = 5 // messages that say the same, until the page's script has taken one

class Memory {
  constructor(name) {
    this.name = name
  }

  // `fresh` is whether nothing has happened in this session yet, and `tell` sends a message to the page's script.
  update(fresh, tell) {
    this.fresh = fresh
    this.tell = tell
  }

  keep(what) {
    if (this.restoring && this.fresh) return
    try {
      sessionStorage.setItem(this.name, JSON.stringify(what))
    } catch {
      // No storage, or it is full: only a reload would have needed it.
    }
  }

  // What the session before has kept; null where there is nothing to bring back.
  kept() {
    if (!this.fresh) return null
    try {
      return JSON.parse(sessionStorage.getItem(this.name))
    } catch {
      return null
    }
  }

  bringBack(what, tries = TRIES) {
    clearTimeout(this.restoring)
    if (!this.fresh) return
    this.tell("restore", what)
    this.restoring = tries > 1 ? setTimeout(() => this.bringBack(what, tries - 1), RESENT_AFTER) : null
  }

  leave() {
    clearTimeout(this.restoring)
  }
}

