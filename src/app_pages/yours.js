// What the Draw page keeps for a reload (memory.js) goes with everything else that was deleted.
export default function forget() {
  for (const name of Object.keys(sessionStorage)) {
    if (name.startsWith("digit-reader-")) sessionStorage.removeItem(name)
  }
}
