// Points in a plane: drawn, moved, brought nearer, and chosen with a lasso or with keys.

/** How near to a point a pointer has to be, in pixels of the page. */
const reach = 12;
const radius = 3.5;
/** A pointer that moves less has clicked. */
const slip = 4;
/** Of labels: told apart also without colours, by what is said of a point (Okabe and Ito 2008, without black and yellow). */
const colours = ["#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#0072b2"];

/** A canvas of points. */
export class Plane {
  /**
   * @param canvas that shows them
   * @param told `pointed(point, frame)`, `taken(point)` and `chosen(set)`, by the numbers of points
   */
  constructor(canvas, told) {
    Object.assign(this, { canvas, told, points: [], chosen: new Set(), labels: new Map(), at: null, lasso: null, tool: "move" });
    this.#listen();
    new ResizeObserver(() => this.#fit()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  /** @param points [x, y] each */
  show(points) {
    this.points = points;
    this.chosen = new Set();
    this.labels = new Map();
    this.at = null;
    this.whole();
  }

  /** So that all points are seen. */
  whole() {
    const [xs, ys] = [0, 1].map((axis) => this.points.map((point) => point[axis]));
    const middle = (values) => (Math.min(...values) + Math.max(...values)) / 2;
    const span = (values) => Math.max(Math.max(...values) - Math.min(...values), 1e-9);
    this.centre = [middle(xs), middle(ys)];
    const { width, height } = this.canvas.getBoundingClientRect();
    this.scale = 0.9 * Math.min(Math.max(width, 1) / span(xs), Math.max(height, 1) / span(ys));
    this.draw();
  }

  /** @param about where nothing moves, in pixels of the canvas; its middle where nothing is said */
  zoom(factor, about = this.#middle) {
    const before = this.#inPlane(about);
    this.scale *= factor;
    const after = this.#inPlane(about);
    this.centre = this.centre.map((value, axis) => value + before[axis] - after[axis]);
    this.draw();
  }

  /** Labels are kept by their names, in the order in which they came. */
  label(name) {
    this.chosen.forEach((point) => this.labels.set(point, name));
    this.choose([]);
  }

  choose(points) {
    this.chosen = new Set(points);
    this.told.chosen(this.chosen);
    this.draw();
  }

  /** What is seen stays so where the canvas has another width. */
  #fit() {
    const { width } = this.canvas.getBoundingClientRect();
    if (width && this.width) this.scale *= width / this.width;
    this.width = width;
    this.draw();
  }

  get #middle() {
    const { width, height } = this.canvas.getBoundingClientRect();
    return [width / 2, height / 2];
  }

  #onCanvas([x, y]) {
    const [left, top] = this.#middle;
    return [left + (x - this.centre[0]) * this.scale, top - (y - this.centre[1]) * this.scale];
  }

  #inPlane([left, top]) {
    const [middle, centre] = this.#middle;
    return [this.centre[0] + (left - middle) / this.scale, this.centre[1] - (top - centre) / this.scale];
  }

  draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !this.points.length) return;
    const dots = window.devicePixelRatio;
    [this.canvas.width, this.canvas.height] = [width, height].map((side) => Math.round(side * dots));
    const context = this.canvas.getContext("2d");
    context.scale(dots, dots);
    const style = getComputedStyle(this.canvas);
    const [ink, accent] = ["--quiet", "--accent"].map((name) => style.getPropertyValue(name));
    const names = [...new Set(this.labels.values())];
    this.points.forEach((point, number) => {
      const name = this.labels.get(number);
      context.fillStyle = name === undefined ? ink : colours[names.indexOf(name) % colours.length];
      this.#dot(context, point, radius);
      if (this.chosen.has(number)) this.#ring(context, point, accent);
    });
    if (this.at !== null) this.#ring(context, this.points[this.at], style.color, 9);
    if (!this.lasso) return;
    context.strokeStyle = accent;
    context.setLineDash([4, 3]);
    context.beginPath();
    this.lasso.forEach(([x, y]) => context.lineTo(x, y));
    context.closePath();
    context.stroke();
  }

  #dot(context, point, size) {
    context.beginPath();
    context.arc(...this.#onCanvas(point), size, 0, 2 * Math.PI);
    context.fill();
  }

  #ring(context, point, colour, size = 6) {
    context.strokeStyle = colour;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(...this.#onCanvas(point), size, 0, 2 * Math.PI);
    context.stroke();
  }

  // The pointer

  #listen() {
    const { canvas } = this;
    let from = null;
    const place = (event) => {
      const frame = canvas.getBoundingClientRect();
      return [event.clientX - frame.left, event.clientY - frame.top];
    };
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      from = { place: place(event), centre: this.centre, isDragged: false };
      if (this.tool === "lasso") this.lasso = [from.place];
    });
    canvas.addEventListener("pointermove", (event) => {
      const now = place(event);
      if (!from) return this.#point(this.#nearest(now));
      from.isDragged ||= Math.hypot(now[0] - from.place[0], now[1] - from.place[1]) > slip;
      if (!from.isDragged) return undefined;
      if (this.lasso) this.lasso.push(now);
      else this.#drag(from, now);
      return this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const point = this.#nearest(place(event));
      if (from?.isDragged && this.lasso) this.#close(event.shiftKey);
      else if (from && !from.isDragged && point !== null) this.told.taken(point);
      [from, this.lasso] = [null, null];
      this.draw();
    });
    canvas.addEventListener("pointercancel", () => { [from, this.lasso] = [null, null]; this.draw(); });
    canvas.addEventListener("pointerleave", () => { if (document.activeElement !== canvas) this.#point(null); });
    canvas.addEventListener("wheel", (event) => {
      // Who scrolls past the map does not want it nearer.
      if (!event.ctrlKey && document.activeElement !== canvas) return;
      event.preventDefault();
      this.zoom(Math.exp(-event.deltaY / 300), place(event));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => this.#key(event));
  }

  #drag({ place, centre }, now) {
    this.centre = [centre[0] - (now[0] - place[0]) / this.scale, centre[1] + (now[1] - place[1]) / this.scale];
  }

  #point(number) {
    if (number === this.at) return;
    this.at = number;
    this.told.pointed(number, number === null ? null : this.#onCanvas(this.points[number]));
    this.draw();
  }

  #nearest([x, y]) {
    let [best, least] = [null, reach];
    this.points.forEach((point, number) => {
      const [left, top] = this.#onCanvas(point);
      const distance = Math.hypot(left - x, top - y);
      if (distance < least) [best, least] = [number, distance];
    });
    return best;
  }

  /** Chooses what lies inside: where a line to the right crosses the lasso an odd number of times. */
  #close(isMore) {
    const lasso = this.lasso;
    const isInside = ([x, y]) => lasso.reduce((inside, [ax, ay], number) => {
      const [bx, by] = lasso[(number + 1) % lasso.length];
      return (ay > y) !== (by > y) && x < ((bx - ax) * (y - ay)) / (by - ay) + ax ? !inside : inside;
    }, false);
    const inside = this.points.flatMap((point, number) => (isInside(this.#onCanvas(point)) ? [number] : []));
    this.choose(isMore ? [...this.chosen, ...inside] : inside);
  }

  // Keys

  #key(event) {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const direction = directions[event.key];
    if (direction) this.#step(direction, event.shiftKey);
    else if (event.key === "+" || event.key === "=") this.zoom(1.25);
    else if (event.key === "-") this.zoom(0.8);
    else if (event.key === "Escape") this.choose([]);
    else if (event.key === " " && this.at !== null) {
      this.choose(this.chosen.has(this.at) ? [...this.chosen].filter((number) => number !== this.at) : [...this.chosen, this.at]);
    } else if (event.key === "Enter" && this.at !== null) this.told.taken(this.at);
    else return;
    event.preventDefault();
  }

  /** To the nearest point in a direction: within 45° of it. @param isMore whether the points on the way are chosen */
  #step([right, up], isMore) {
    if (this.at === null) {
      this.#point(0);
    } else {
      const [x, y] = this.points[this.at];
      let [best, least] = [this.at, Infinity];
      this.points.forEach(([px, py], number) => {
        const [along, across] = [(px - x) * right + (py - y) * up, Math.abs((px - x) * up) + Math.abs((py - y) * right)];
        if (along > 0 && across <= along && along < least) [best, least] = [number, along];
      });
      this.#point(best);
    }
    this.#keepInSight();
    if (isMore) this.choose([...this.chosen, this.at]);
  }

  #keepInSight() {
    const [left, top] = this.#onCanvas(this.points[this.at]);
    const [middle, centre] = this.#middle;
    if (left > 0 && top > 0 && left < 2 * middle && top < 2 * centre) return;
    this.centre = this.points[this.at];
    this.draw();
  }
}
