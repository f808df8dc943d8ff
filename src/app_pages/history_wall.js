/* The wall of the History page. All texts come from Python, as text: nothing that the database holds is taken for HTML. */

export default function show({ parentElement, data, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  wall.open = (id) => setTriggerValue("opened", id);
  const shown = JSON.stringify(data.map(({ picture, ...told }) => told));
  if (wall.shown === shown) return; // the button that opened a dialog stays, and has the focus again after it
  wall.shown = shown;
  wall.replaceChildren(...data.map((drawing) => card(wall, drawing)));
}

function card(wall, drawing) {
  const item = document.createElement("li");
  const button = item.appendChild(document.createElement("button"));
  button.type = "button";
  button.addEventListener("click", () => wall.open(drawing.id));
  const picture = button.appendChild(document.createElement("img"));
  picture.src = drawing.picture;
  picture.alt = drawing.alt;
  for (const name of ["caption", "sure"]) {
    const line = button.appendChild(document.createElement("span"));
    line.className = name;
    line.textContent = drawing[name];
    line.ariaHidden = "true"; // the picture's text says it in words
  }
  return item;
}
