// A photograph with its heatmap over it: as odd as wanted, enlarged and moved together.

const LARGEST = 20;

class View {
  // `svg` shows the photograph; what is drawn over it follows, for it is in the same drawing.
  constructor(svg) {
    this.svg = svg;
    const { x, y, width, height } = svg.viewBox.baseVal;
    this.whole = { x, y, width, height };
    this.zoom = 1;
    this.centre = [x + width / 2, y + height / 2];
    this.fingers = new Map();
    svg.tabIndex = 0;
    svg.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    svg.addEventListener("pointerdown", (event) => this.down(event));
    svg.addEventListener("pointermove", (event) => this.drag(event));
    for (const end of ["pointerup", "pointercancel"]) {
      svg.addEventListener(end, (event) => this.fingers.delete(event.pointerId));
    }
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  show() {
    const [width, height] = [this.whole.width / this.zoom, this.whole.height / this.zoom];
    const within = (at, least, most, part) => Math.min(Math.max(at, least + part / 2), least + most - part / 2);
    this.centre = [
      within(this.centre[0], this.whole.x, this.whole.width, width),
      within(this.centre[1], this.whole.y, this.whole.height, height),
    ];
    this.svg.setAttribute("viewBox", `${this.centre[0] - width / 2} ${this.centre[1] - height / 2} ${width} ${height}`);
  }

  place(event) {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [at.x, at.y];
  }

  // Enlarges by `factor`; what is at `around` stays where it is. 0: all of it.
  enlarge(factor, around = this.centre) {
    const before = this.zoom;
    this.zoom = factor ? Math.min(Math.max(before * factor, 1), LARGEST) : 1;
    const share = before / this.zoom;
    this.centre = this.centre.map((at, axis) => around[axis] + (at - around[axis]) * share);
    this.show();
  }

  move(right, down) {
    this.centre = [this.centre[0] + right, this.centre[1] + down];
    this.show();
  }

  wheel(event) {
    // At its smallest the page scrolls on.
    if (event.deltaY > 0 && this.zoom === 1) return;
    event.preventDefault();
    this.enlarge(event.deltaY < 0 ? 1.25 : 0.8, this.place(event));
  }

  down(event) {
    this.svg.setPointerCapture(event.pointerId);
    this.fingers.set(event.pointerId, event);
  }

  drag(event) {
    const before = this.fingers.get(event.pointerId);
    if (!before) return;
    const apart = () => {
      const [one, other] = [...this.fingers.values()];
      return other ? Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY) : 0;
    };
    const [was, from] = [apart(), this.place(before)];
    this.fingers.set(event.pointerId, event);
    const to = this.place(event);
    if (was) this.enlarge(apart() / was, to);
    else this.move(from[0] - to[0], from[1] - to[1]);
  }

  key(event) {
    const step = this.whole.width / this.zoom / 10;
    const done = {
      "+": () => this.enlarge(1.25), "-": () => this.enlarge(0.8), "0": () => this.enlarge(0),
      ArrowLeft: () => this.move(-step, 0), ArrowRight: () => this.move(step, 0),
      ArrowUp: () => this.move(0, -step), ArrowDown: () => this.move(0, step),
    }[event.key];
    if (!done || event.ctrlKey || event.metaKey || (this.zoom === 1 && event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    done();
  }
}

// Each viewer below `root`: two pictures beside each other become one over the other.
export function enliven(root) {
  for (const viewer of root.querySelectorAll("[data-viewer]:not([data-live])")) {
    const [photograph, heatmap] = viewer.querySelectorAll("figure");
    const svg = photograph.querySelector("svg");
    const layer = heatmap.querySelector("image");
    svg.querySelector("image").after(layer);
    photograph.querySelector("figcaption").textContent = heatmap.querySelector("figcaption").textContent;
    heatmap.remove();
    const opacity = viewer.querySelector("[data-opacity]");
    const fade = () => layer.setAttribute("opacity", opacity.value);
    opacity.addEventListener("input", fade);
    fade();
    const view = new View(svg);
    for (const button of viewer.querySelectorAll("[data-zoom]")) {
      button.addEventListener("click", () => view.enlarge(Number(button.dataset.zoom)));
    }
    viewer.querySelector("[data-controls]").hidden = false;
    viewer.dataset.live = "";
  }
}
