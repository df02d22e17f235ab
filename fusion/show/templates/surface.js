// The surface turns, comes nearer and moves as mouse, fingers, wheel and keys say. Nothing moves by itself, and it is
// drawn only when something has changed.
const START = { yaw: 22, pitch: 25, zoom: 1, x: 0, y: 0 }; // degrees; and where its middle lies, in its larger side
const STEEPEST = 80; // degrees that it turns away from the viewer at most
const NEAR = 14; // CSS pixels between two labels, below which one of them is left out
const SPEED = 0.4; // degrees for each CSS pixel of a drag
const STEP = 5; // degrees for each press of an arrow key
const SHIFT = 0.05; // of its larger side, that an arrow key moves it by with Shift
const FARTHEST = 0.25;
const NEAREST = 12;
const FILLED = 0.84; // of the canvas at first: the rest is for labels
const SAMPLES = 10000; // points of the surface by which it is fitted into the canvas
const DISTANCE = 3; // from the viewer, in its larger side
const FACTORS = { "+": 1.25, "=": 1.25, "-": 0.8, _: 0.8, 0: 0, r: 0, R: 0, Home: 0 };
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const canvas = root.querySelector("canvas");
const slider = root.querySelector("input");
const readout = root.querySelector("output");
const missing = root.querySelector(".missing");
const keys = root.querySelector(".keys");
const measures = [...root.querySelectorAll(".measures span")];
const view = JSON.parse(canvas.dataset.view);
const half = view.size.map((length) => length / Math.max(...view.size) / 2);
const state = { ...START, look: 0 };
const pointers = new Map(); // of those pressed: place in CSS pixels
keys.id = `surface-keys-${Math.random().toString(36).slice(2)}`; // a page may hold several surfaces
canvas.setAttribute("aria-describedby", keys.id);
let render = null;
let bounds = null;
let isDue = false;

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

const turnBy = (yaw, pitch) => {
  const [a, b] = [-pitch, yaw].map((degrees) => (degrees * Math.PI) / 180);
  const [ca, sa, cb, sb] = [Math.cos(a), Math.sin(a), Math.cos(b), Math.sin(b)];
  return [
    [cb, 0, sb],
    [sa * sb, ca, -sa * cb],
    [-ca * sb, sa, ca * cb],
  ];
};

const liftBy = (doublings) => view.lift * 2 ** doublings;

// How far to the right and up a point is seen, from -1 to 1 where the focal lengths are 1.
const project = (point, { turn, move, away }) => {
  const [x, y, z] = turn.map((row) => row[0] * point[0] + row[1] * point[1] + row[2] * point[2]);
  return [(x + move[0]) / (away - z), (y + move[1]) / (away - z)];
};

// Between which places a surface is seen at first, by some of its points, where the focal lengths are 1.
const boundsOf = ({ heights, triangles }) => {
  const lift = liftBy(slider.defaultValue);
  const camera = { turn: turnBy(START.yaw, START.pitch), move: [0, 0], away: DISTANCE + lift };
  const bounds = [0, 1].map(() => ({ low: Infinity, high: -Infinity }));
  const include = (point) =>
    project(point, camera).forEach((place, axis) => {
      bounds[axis].low = Math.min(bounds[axis].low, place);
      bounds[axis].high = Math.max(bounds[axis].high, place);
    });
  outlineOf({ ...START, lift }).forEach(include);
  const stride = Math.ceil(triangles.length / SAMPLES);
  for (let index = 0; index < triangles.length; index += stride) {
    const vertex = triangles[index];
    const [column, row] = [vertex % view.grid[0], Math.floor(vertex / view.grid[0])];
    const [across, down] = [column, row].map(
      (count, axis) => (view.corner[axis] + 0.5 + view.cell * count) / view.size[axis] - 0.5
    );
    include([2 * half[0] * across, -2 * half[1] * down, (heights[vertex] / 65535 - 0.5) * lift]);
  }
  return bounds;
};

// Focal length and middle with which all of the surface is seen at first; the length holds upwards.
const fitting = (aspect) => {
  const [across, upwards] = bounds;
  const away = DISTANCE + liftBy(slider.defaultValue);
  const reach = Math.max((across.high - across.low) / aspect, upwards.high - upwards.low) / 2;
  return { focal: FILLED / reach / away, middle: bounds.map(({ low, high }) => ((low + high) / 2) * away) };
};

const cameraOf = () => {
  const lift = liftBy(slider.value);
  const away = DISTANCE + lift;
  const aspect = canvas.clientWidth / canvas.clientHeight;
  const { focal, middle } = fitting(aspect);
  const length = focal * away * state.zoom; // so that what lies in the middle keeps its size
  const move = [state.x - middle[0], state.y - middle[1]];
  const { yaw, pitch } = state;
  return { yaw, pitch, turn: turnBy(yaw, pitch), lift, away, focal: [length / aspect, length], move };
};

// The corner of the ground, at the lowest height, that nothing hides.
const frontCorner = ({ yaw, pitch, lift }) => [yaw < 0 ? half[0] : -half[0], pitch < 0 ? half[1] : -half[1], -lift / 2];

// Ends of the lines that are drawn: the ground, and a post at its front corner.
const outlineOf = (camera) => {
  const [x, y, z] = frontCorner(camera);
  const ground = [[x, y, z], [-x, y, z], [-x, -y, z], [x, -y, z]];
  const sides = ground.flatMap((corner, index) => [corner, ground[(index + 1) % 4]]);
  return [...sides, ground[0], [x, y, -z]];
};

// Where a point is seen, in CSS pixels.
const place = (point, camera) => {
  const [right, up] = project(point, camera).map((share, axis) => share * camera.focal[axis]);
  return [((1 + right) / 2) * canvas.clientWidth, ((1 - up) / 2) * canvas.clientHeight];
};

// Lengths stand beside the lines they belong to, on the side away from the middle.
const label = (camera) => {
  const [sideways, upwards, ground] = frontCorner(camera);
  const points = [[0, upwards], [sideways, 0], [sideways, upwards]].map((point) => [...point, ground]);
  points.push([sideways, upwards, -ground]);
  const texts = [...view.sides, ...view.heights];
  const middle = place([0, 0, 0], camera);
  const places = points.map((point) => place(point, camera));
  const isShort = Math.abs(places[2][1] - places[3][1]) < NEAR && Math.abs(places[2][0] - places[3][0]) < 3 * NEAR;
  places.forEach(([left, top], index) => {
    const apart = Math.hypot(left - middle[0], top - middle[1]) || 1;
    const [right, down] = [(left - middle[0]) / apart, (top - middle[1]) / apart];
    const span = measures[index];
    span.textContent = texts[index];
    span.hidden = index === 3 && isShort;
    const x = left + 8 * right + ((right - 1) / 2) * span.offsetWidth;
    const y = top + 8 * down + ((down - 1) / 2) * span.offsetHeight;
    span.style.transform = `translate(${clamp(x, 0, canvas.clientWidth - span.offsetWidth)}px, ${y}px)`;
  });
};

const draw = () => {
  isDue = false;
  if (!canvas.clientWidth || !canvas.clientHeight) return; // it is drawn when it gets a size
  const density = Math.min(window.devicePixelRatio, 2);
  canvas.width = Math.max(1, Math.round(canvas.clientWidth * density));
  canvas.height = Math.max(1, Math.round(canvas.clientHeight * density));
  const camera = cameraOf();
  render(camera, state.look, outlineOf(camera));
  label(camera);
};

const update = () => {
  state.yaw = clamp(state.yaw, -STEEPEST, STEEPEST);
  state.pitch = clamp(state.pitch, -STEEPEST, STEEPEST);
  state.zoom = clamp(state.zoom, FARTHEST, NEAREST);
  state.x = clamp(state.x, -half[0], half[0]);
  state.y = clamp(state.y, -half[1], half[1]);
  const factor = 2 ** slider.value;
  readout.textContent = `× ${factor.toPrecision(2)}`;
  slider.setAttribute("aria-valuetext", `${factor.toPrecision(2)} times`);
  root.classList.toggle("by-height", state.look === 1);
  for (const button of root.querySelectorAll("[data-look]")) {
    button.setAttribute("aria-pressed", Number(button.dataset.look) === state.look);
  }
  if (render && !isDue) requestAnimationFrame(draw);
  isDue = Boolean(render);
};

// The middle of the canvas keeps its place on the surface. A factor of 0 shows all, as at first.
const zoom = (factor) => {
  if (factor) state.zoom *= factor;
  else {
    Object.assign(state, START);
    slider.value = slider.defaultValue;
  }
  update();
};

const turn = (yaw, pitch) => {
  state.yaw += yaw;
  state.pitch += pitch;
  update();
};

// By CSS pixels, to the right and down.
const move = (right, down) => {
  const { focal, away } = cameraOf();
  const pixels = (canvas.clientHeight / 2) * (focal[1] / away);
  state.x += right / pixels;
  state.y -= down / pixels;
  update();
};

const drag = (event) => {
  const before = gripOf(pointers);
  pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  const after = gripOf(pointers);
  const [right, down] = [after.x - before.x, after.y - before.y];
  if (before.apart) zoom(after.apart / before.apart || 1);
  if (before.apart || event.shiftKey) move(right, down);
  else turn(SPEED * right, -SPEED * down);
};

const focus = () => canvas.focus({ preventScroll: true, focusVisible: false });

const listen = () => {
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || pointers.size === 2) return;
    canvas.setPointerCapture(event.pointerId);
    if (event.pointerType !== "touch") focus();
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  canvas.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) drag(event);
  });
  canvas.addEventListener("pointerup", focus); // which does not come where a finger scrolls the page
  canvas.addEventListener("lostpointercapture", (event) => pointers.delete(event.pointerId));

  // Two fingers, and one if the surface has the focus, are for it; one finger that goes up or down scrolls otherwise.
  const keep = (event) => {
    if (event.touches.length > 1 || document.activeElement === canvas) event.preventDefault();
  };
  canvas.addEventListener("touchmove", keep, { passive: false });

  // The wheel scrolls the page, unless the surface has the focus. A trackpad's pinch comes as a wheel with Ctrl.
  const wheel = (event) => {
    if (!(event.ctrlKey || event.metaKey || document.activeElement === canvas)) return;
    event.preventDefault();
    zoom(Math.exp(-0.01 * clamp(event.deltaY, -25, 25)));
  };
  canvas.addEventListener("wheel", wheel, { passive: false });

  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in FACTORS) zoom(FACTORS[event.key]);
    else if (event.key in ARROWS) {
      const [right, up] = ARROWS[event.key];
      if (event.shiftKey) {
        state.x += SHIFT * right;
        state.y += SHIFT * up;
        update();
      } else turn(STEP * right, STEP * up);
    } else if (event.key === "Escape") canvas.blur();
    else return;
    event.preventDefault();
  });

  slider.addEventListener("input", update);
  for (const button of root.querySelectorAll("[data-look]")) {
    button.addEventListener("click", () => {
      state.look = Number(button.dataset.look);
      update();
    });
  }
  for (const button of root.querySelectorAll("[data-factor]")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.factor)));
  }
  new ResizeObserver(update).observe(canvas);
};

const begin = async () => {
  const { heights, squares } = await unpack(canvas.dataset.packed, ...view.grid);
  const triangles = trianglesOf(squares, view.grid[0]);
  const grid = { heights, triangles, slopes: slopesOf(heights, triangles, view.grid[0]) };
  bounds = boundsOf(grid);
  const image = root.querySelector("img");
  await image.decode();
  const start = () => {
    render = makeRenderer(canvas, view, grid, image);
    if (!render) throw new Error("WebGL 2 is missing or turned off");
    missing.textContent = "";
    root.classList.add("drawn");
    update();
  };
  canvas.addEventListener("webglcontextlost", (event) => {
    event.preventDefault(); // or it would never come back
    fallBack("it draws too many others, or its graphics card was taken away");
  });
  canvas.addEventListener("webglcontextrestored", start);
  start();
  listen();
};

const fallBack = (reason) => {
  render = null;
  root.classList.remove("drawn", "by-height");
  const told = `This browser does not draw the surface (${reason})`;
  missing.textContent = `${told}; the pictures show what lies on it, and how high it is.`;
};

begin().catch((error) => fallBack(error.message));
