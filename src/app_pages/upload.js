// The upload's preview; pasting, which Streamlit's uploader does not know; and what that would refuse by itself: it would
// leave the answer of the file before on the page, and a row for each refused file. Such a file is stopped on its way to
// the uploader, and the page's script says why. It also says what the app has answered to one that it did not take in: the
// uploader itself would only turn red.

const UPLOADER = "[data-testid=stFileUploader]"
const PASTE = ".st-key-by-paste button"
const SENT_TO = "/_stcore/upload_file/"
const ANSWERS = { 413: "size", 429: "turn", 503: "full" } // reasons, by the codes of gateway/uploads.py

class Watch {
  constructor(root) {
    this.seen = root.querySelector(".seen")
    this.ears = new AbortController()
    const to = (name, what) => document.addEventListener(name, what, { capture: true, signal: this.ears.signal })
    to("change", event => this.chosen(event, [...(event.target.files ?? [])], []))
    to("drop", event => this.chosen(event, [...event.dataTransfer.files], [...event.dataTransfer.items]))
    to("click", event => this.offerPictures(event))
    to("paste", event => this.pasted(event))
    to("click", event => this.askForPaste(event))
    this.answers = new PerformanceObserver(list => list.getEntries().forEach(entry => this.answered(entry)))
    this.answers.observe({ type: "resource" })
  }

  update({ data, setStateValue }) {
    this.data = data
    this.tell = setStateValue
    this.paint(data.preview)
  }

  // Reasons are those of upload.py.
  chosen(event, files, items) {
    if (!event.target.closest?.(UPLOADER)) return
    let reason = null
    if (items.some(item => item.webkitGetAsEntry?.()?.isDirectory)) reason = "folder"
    else if (files.length > 1) reason = "several"
    else if (files[0]?.size > this.data.limit) reason = "size"
    if (!reason) return
    event.preventDefault()
    event.stopPropagation()
    this.tell("refused", { number: Date.now(), reason })
  }

  answered({ name, responseStatus }) {
    const reason = name.includes(SENT_TO) && ANSWERS[responseStatus]
    if (reason) this.tell("refused", { number: Date.now(), reason })
  }

  // Ctrl+V anywhere but in a field for text.
  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])]
    if (!files.length || event.target.closest?.("input, textarea")) return
    event.preventDefault()
    this.hand(files)
  }

  // The button, for those without a keyboard: the browser may ask whether the page may see the clipboard.
  async askForPaste(event) {
    if (!event.target.closest?.(PASTE)) return
    event.preventDefault()
    event.stopPropagation()
    try {
      for (const item of await navigator.clipboard.read()) {
        const type = item.types.find(each => each.startsWith("image/"))
        if (type) return this.hand([new File([await item.getType(type)], "Pasted", { type })])
      }
    } catch {
      // Not allowed, or a browser that does not let pages see it.
    }
    this.tell("refused", { number: Date.now(), reason: "clipboard" })
  }

  // Files into the uploader, as if they had been chosen there: it sends them, and shows them in its row.
  hand(files) {
    const input = [...document.querySelectorAll(`${UPLOADER} input[type=file]`)].at(-1)
    if (!input) return
    const chosen = new DataTransfer()
    for (const file of files) chosen.items.add(file)
    input.files = chosen.files
    input.dispatchEvent(new Event("change", { bubbles: true }))
  }

  // The dialog of the browser shows pictures first; what is dropped, or chosen all the same, is judged by its bytes.
  offerPictures({ target }) {
    if (target.matches?.(`${UPLOADER} input[type=file]`)) target.accept = this.data.accept
  }

  leave() {
    this.ears.abort()
    this.answers.disconnect()
  }

  paint(preview) {
    this.seen.toggleAttribute("hidden", !preview)
    if (!preview) return
    const { width, height, picture, outline, alt } = preview
    this.seen.setAttribute("viewBox", `0 0 ${width} ${height}`)
    this.seen.setAttribute("aria-label", alt)
    const image = this.seen.querySelector("image")
    image.setAttribute("href", picture)
    image.setAttribute("width", width)
    image.setAttribute("height", height)
    image.classList.toggle("small", Math.max(width, height) < 100)
    for (const path of this.seen.querySelectorAll("path")) path.setAttribute("d", outline)
  }
}

// As in answer.js: only the first of what is returned is a reason to end.
export default function (component) {
  const root = component.parentElement
  root.watch ??= new Watch(root)
  root.watch.update(component)
  return () =>
    setTimeout(() => {
      if (root.isConnected) return
      root.watch?.leave()
      delete root.watch
    })
}
