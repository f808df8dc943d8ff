// A label by POST /api/said: it is saved, and the page goes on with an empty canvas at once, without a run of its script.
// Whatever is in the way of that - no connection, a busy app, a label that is not believed - the script says or repairs.

const SAVED_WITHIN = 8000 // milliseconds: the app itself waits for five seconds until a label is safe

// The next drawing and what is said of this one; null where the label may not have been saved.
async function savedLabel({ id, revision, model, label: url }, strokes, label) {
  const headers = { "content-type": "application/json" }
  const body = JSON.stringify({ id, revision, model, strokes, label })
  try {
    const reply = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(SAVED_WITHIN) })
    return reply.ok ? await reply.json() : null
  } catch {
    return null
  }
}
