// The upload's preview, and what Streamlit's uploader would refuse by itself: it would leave the answer of the file before
// on the page, and a row for each refused file. Such a file is stopped on its way to the uploader, and the page's script
// says why.

const UPLOADER = "[data-testid=stFileUploader]"

class Watch {
  constructor(root) {
    this.seen = root.querySelector(".seen")
    this.ears = new AbortController()
    const to = (name, what) => document.addEventListener(name, what, { capture: true, signal: this.ears.signal })
    to("change", event => this.chosen(event, [...(event.target.files ?? [])], []))
    to("drop", event => this.chosen(event, [...event.dataTransfer.files], [...event.dataTransfer.items]))
    to("click", event => this.offerPictures(event))
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

  // The dialog of the browser shows pictures first; what is dropped, or chosen all the same, is judged by its bytes.
  offerPictures({ target }) {
    if (target.matches?.(`${UPLOADER} input[type=file]`)) target.accept = this.data.accept
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
      root.watch?.ears.abort()
      delete root.watch
    })
}
