// The threshold's line: dragged, or moved by keys. Tells what would fall on which side; saving is the form's.

const drawing = document.querySelector("[data-histogram]");
const line = drawing?.querySelector("[data-line]");
const input = document.querySelector("input[data-value]");

function moved(line, input) {
  const told = document.querySelector("[data-told]");
  const top = Number(drawing.dataset.top);
  const scores = (text) => text.split(" ").filter(Boolean).map(Number);
  const [good, bad] = [scores(drawing.dataset.good), scores(drawing.dataset.bad)];
  let value = Number(drawing.dataset.value);

  function show(wanted) {
    value = Math.max(0, wanted);
    const above = (all) => all.filter((each) => each > value).length;
    line.setAttribute("transform", `translate(${480 * Math.min(value, top) / top} 0)`);
    told.textContent = told.dataset.text.replace("{good}", above(good)).replace("{bad}", above(bad));
    line.setAttribute("aria-valuenow", value);
    line.setAttribute("aria-valuetext", `${value.toLocaleString(document.documentElement.lang)}. ${told.textContent}`);
  }

  function set(wanted) {
    const rounded = Number(Math.max(0, Math.min(top, wanted)).toPrecision(4));
    input.value = rounded;
    show(rounded);
  }

  function pointed(event) {
    const place = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawing.getScreenCTM().inverse());
    set(top * place.x / 480);
  }

  const steps = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 };
  line.addEventListener("keydown", (event) => {
    if (event.key in steps) set(value + steps[event.key] * top / 200);
    else if (event.key === "Home") set(0);
    else if (event.key === "End") set(top);
    else return;
    event.preventDefault();
  });
  line.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    line.focus();
    line.setPointerCapture(event.pointerId);
  });
  line.addEventListener("pointermove", (event) => { if (line.hasPointerCapture(event.pointerId)) pointed(event); });
  input.addEventListener("input", () => { if (input.value) show(Number(input.value)); });
  line.setAttribute("role", "slider");
  line.setAttribute("tabindex", "0");
  show(value);
}

if (line && input) moved(line, input);
