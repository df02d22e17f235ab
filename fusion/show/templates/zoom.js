// One view for all pictures: its scale, and where the upper left corner of a picture lies, in widths and heights of it.
((root) => {
  const PIXEL = 8; // CSS pixels: how large a pixel of a picture can get
  const VISIBLE = 3; // from this size on, pixels are drawn as squares
  const STEP = 0.1; // of the width or height, by which an arrow key moves
  const NEAR = 24; // CSS pixels between two taps that are one double tap
  const SOON = 400; // milliseconds between them
  const FACTORS = { "+": 1.5, "=": 1.5, "-": 1 / 1.5, _: 1 / 1.5, 0: 0 };
  const MOVES = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

  const stage = root.querySelector(".stage");
  const readout = root.querySelector("output");
  const image = root.querySelector("img");
  const view = { scale: 1, x: 0, y: 0 };
  const pointers = new Map(); // of those pressed: place in CSS pixels
  let lastTap = { time: -SOON, x: 0, y: 0 };
  let travelled = 0; // CSS pixels, since the first pointer was pressed

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const size = () => image.parentElement.getBoundingClientRect();
  const largest = () => Math.max(4, (PIXEL * image.getAttribute("width")) / size().width);

  const draw = () => {
    view.x = clamp(view.x, 1 - view.scale, 0);
    view.y = clamp(view.y, 1 - view.scale, 0);
    for (const name of ["scale", "x", "y"]) root.style.setProperty(`--${name}`, view[name]);
    stage.classList.toggle("enlarged", view.scale > 1);
    stage.classList.toggle("pixels", view.scale * size().width >= VISIBLE * image.getAttribute("width"));
    readout.textContent = `× ${view.scale.toFixed(1)}`;
  };

  const move = (x, y) => {
    view.x += x;
    view.y += y;
    draw();
  };

  // The point (x, y) of a pane, in widths and heights of it, keeps its place. A factor of 0 shows all.
  const zoom = (factor, [x, y] = [0.5, 0.5]) => {
    const scale = clamp(view.scale * factor, 1, largest());
    view.x = x - ((x - view.x) * scale) / view.scale;
    view.y = y - ((y - view.y) * scale) / view.scale;
    view.scale = scale;
    draw();
  };

  const place = (event, { x, y }) => {
    const box = event.target.closest(".frame").getBoundingClientRect();
    return [(x - box.left) / box.width, (y - box.top) / box.height];
  };

  const drag = (event) => {
    const before = gripOf(pointers);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const after = gripOf(pointers);
    travelled += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.apart - before.apart);
    move((after.x - before.x) / size().width, (after.y - before.y) / size().height);
    if (before.apart) zoom(after.apart / before.apart, place(event, after));
  };

  const tap = (event) => {
    const { clientX: x, clientY: y, timeStamp: time } = event;
    const again = time - lastTap.time < SOON && Math.hypot(x - lastTap.x, y - lastTap.y) < NEAR;
    lastTap = again ? { time: -SOON, x, y } : { time, x, y };
    if (again) zoom(view.scale > 1 ? 0 : 4, place(event, { x, y }));
  };

  stage.addEventListener("pointerdown", (event) => {
    const frame = event.target.closest(".frame");
    if (event.button !== 0 || !frame || pointers.size === 2) return;
    frame.setPointerCapture(event.pointerId);
    if (!pointers.size) travelled = 0;
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  stage.addEventListener("pointermove", (event) => {
    if (pointers.has(event.pointerId)) drag(event);
  });
  stage.addEventListener("pointerup", (event) => {
    if (pointers.size === 1 && pointers.has(event.pointerId) && travelled < NEAR) tap(event);
  });
  stage.addEventListener("lostpointercapture", (event) => pointers.delete(event.pointerId));

  // Two fingers, and one on an enlarged picture, are for the picture; one finger scrolls the page otherwise.
  const keep = (event) => {
    if (event.touches.length > 1 || view.scale > 1) event.preventDefault();
  };
  stage.addEventListener("touchmove", keep, { passive: false });

  // The wheel alone scrolls the page. A trackpad's pinch comes as a wheel with Ctrl.
  const turn = (event) => {
    if (!(event.ctrlKey || event.metaKey) || !event.target.closest(".frame")) return;
    event.preventDefault();
    zoom(Math.exp(-0.01 * clamp(event.deltaY, -25, 25)), place(event, { x: event.clientX, y: event.clientY }));
  };
  stage.addEventListener("wheel", turn, { passive: false });

  root.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in FACTORS) zoom(FACTORS[event.key]);
    else if (event.key in MOVES && view.scale > 1) move(...MOVES[event.key]);
    else return;
    event.preventDefault();
  });
  for (const button of root.querySelectorAll("button")) {
    button.addEventListener("click", () => zoom(Number(button.dataset.factor)));
  }
  draw();
})(document.currentScript.parentElement);
