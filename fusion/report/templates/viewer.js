// One view for all pictures: CSS pixels for a pixel of a picture, and which pixel lies in the middle of every frame.
(() => {
  const LARGEST = 16; // pixels of the screen: how large a pixel of a picture can get
  const SQUARE = 3; // from this size on, pixels are drawn as squares
  const STEP = 0.1; // of a frame, by which an arrow key moves
  const NEAR = 24; // CSS pixels between two taps that are one double tap
  const SOON = 400; // milliseconds between them
  const MOST = 4; // columns
  const [GAP, CAPTION, LOWEST] = [12, 28, 140]; // CSS pixels: between frames, above one, its least height
  const TALL = 0.8; // of the window: the height that all frames share
  const PART = 0.6; // of a frame, that a region takes when it is visited
  const FACTORS = { larger: 1.5, smaller: 1 / 1.5, "+": 1.5, "=": 1.5, "-": 1 / 1.5, _: 1 / 1.5 };
  const MOVES = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };

  const viewer = document.getElementById("viewer");
  const stage = viewer.querySelector(".stage");
  const panes = [...stage.querySelectorAll(".pane")];
  const images = panes.map((pane) => pane.querySelector("img"));
  const sources = images.map((image) => image.getAttribute("src"));
  const [width, height] = ["width", "height"].map((side) => Number(images[0].getAttribute(side)));
  const reduction = Number(stage.dataset.reduction);
  const boxes = [...viewer.querySelectorAll("[name=shown]")];
  const [left, right] = ["left", "right"].map((name) => document.getElementById(name));
  const readout = document.getElementById("zoom-level");
  const split = stage.querySelector(".split");
  const back = viewer.querySelector(".back");

  const view = { zoom: 1, x: width / 2, y: height / 2, fits: true };
  const frame = { width: 1, height: 1 };
  const pointers = new Map(); // of those pressed: place in CSS pixels
  let lastTap = { time: -SOON, x: 0, y: 0 };
  let travelled = 0; // CSS pixels, since the first pointer was pressed

  const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
  const isSlider = () => viewer.querySelector("[name=mode]:checked").value === "slider";
  const screenPixel = () => 1 / devicePixelRatio;
  const fitting = () => Math.min(frame.width / width, frame.height / height);
  const lowest = () => Math.min(fitting(), screenPixel());
  const highest = () => Math.max(4 * fitting(), LARGEST * screenPixel());

  // The middle of a frame, so that nothing but picture is seen; a picture smaller than the frame lies in the middle.
  const held = (middle, length, room) => {
    const half = room / 2 / view.zoom;
    return length <= 2 * half ? length / 2 : clamp(middle, half, length - half);
  };

  const draw = () => {
    view.x = held(view.x, width, frame.width);
    view.y = held(view.y, height, frame.height);
    view.fits = Math.abs(view.zoom / fitting() - 1) < 1e-6;
    const snap = (value) => Math.round(value * devicePixelRatio) / devicePixelRatio;
    stage.style.setProperty("--zoom", view.zoom);
    stage.style.setProperty("--left", `${snap(frame.width / 2 - view.x * view.zoom)}px`);
    stage.style.setProperty("--top", `${snap(frame.height / 2 - view.y * view.zoom)}px`);
    stage.classList.toggle("enlarged", view.zoom > fitting() * 1.000001);
    stage.classList.toggle("pixels", view.zoom >= SQUARE * screenPixel());
    const percent = (100 * view.zoom) / screenPixel();
    readout.textContent = `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
  };

  const move = (x, y) => {
    view.x -= x / view.zoom;
    view.y -= y / view.zoom;
    draw();
  };

  // The point (x, y), in CSS pixels from the middle of a frame, keeps its place.
  const zoomTo = (zoom, [x, y] = [0, 0]) => {
    const before = view.zoom;
    view.zoom = clamp(zoom, lowest(), highest());
    view.x += x / before - x / view.zoom;
    view.y += y / before - y / view.zoom;
    draw();
    return view.zoom !== before;
  };

  // As many columns as make pictures largest, when all of them are to be seen at once.
  const layOut = () => {
    const space = stage.getBoundingClientRect().width;
    const count = isSlider() ? 1 : Math.max(1, panes.filter((pane) => pane.classList.contains("shown")).length);
    const tall = TALL * Math.max(420, innerHeight);
    let best = { zoom: 0 };
    for (let columns = 1; columns <= Math.min(MOST, count); columns += 1) {
      const across = (space - GAP * (columns - 1)) / columns;
      const room = tall / Math.ceil(count / columns) - CAPTION;
      const high = Math.max(LOWEST, Math.min((across * height) / width, room));
      const zoom = Math.min(across / width, high / height);
      if (zoom > 1.001 * best.zoom) best = { zoom, columns, across, high };
    }
    stage.style.setProperty("--columns", best.columns);
    stage.style.setProperty("--high", `${best.high}px`);
    Object.assign(frame, { width: best.across, height: best.high });
    view.zoom = view.fits ? fitting() : clamp(view.zoom, lowest(), highest());
    draw();
  };

  const divide = () => {
    const percent = Math.round(split.value);
    const [before, after] = [left, right].map((select) => select.selectedOptions[0].textContent);
    stage.style.setProperty("--split", `${split.value}%`);
    split.setAttribute("aria-valuetext", `${percent} % ${before}, ${100 - percent} % ${after}`);
  };

  // Only pictures that are seen have an address, so that no others are decoded.
  const show = () => {
    const slider = isSlider();
    const chosen = slider ? [left.value, right.value] : boxes.filter((box) => box.checked).map((box) => box.value);
    viewer.classList.toggle("sliding", slider);
    panes.forEach((pane, index) => {
      const isShown = chosen.includes(String(index));
      pane.classList.toggle("shown", isShown);
      pane.classList.toggle("right", slider && right.value === String(index));
      if (!isShown) images[index].removeAttribute("src");
      else if (!images[index].hasAttribute("src")) images[index].src = sources[index];
    });
    stage.querySelector(".empty").hidden = chosen.length > 0;
    divide();
    layOut();
  };

  const offset = (event, { x, y }) => {
    const box = event.target.closest(".frame").getBoundingClientRect();
    return [x - box.left - box.width / 2, y - box.top - box.height / 2];
  };

  const drag = (event) => {
    const before = gripOf(pointers);
    pointers.set(event.pointerId, { x: event.clientX, y: event.clientY });
    const after = gripOf(pointers);
    travelled += Math.hypot(after.x - before.x, after.y - before.y) + Math.abs(after.apart - before.apart);
    move(after.x - before.x, after.y - before.y);
    if (before.apart) zoomTo((view.zoom * after.apart) / before.apart, offset(event, after));
  };

  const tap = (event) => {
    const { clientX: x, clientY: y, timeStamp: time } = event;
    const again = time - lastTap.time < SOON && Math.hypot(x - lastTap.x, y - lastTap.y) < NEAR;
    lastTap = again ? { time: -SOON, x, y } : { time, x, y };
    if (!again) return;
    const closer = screenPixel() > 1.5 * fitting() ? screenPixel() : 4 * fitting();
    zoomTo(view.fits ? closer : fitting(), offset(event, { x, y }));
  };

  stage.addEventListener("pointerdown", (event) => {
    const pressed = event.target.closest(".frame");
    if (event.button !== 0 || !pressed || pointers.size === 2) return;
    pressed.setPointerCapture(event.pointerId);
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
    if (!event.target.closest(".frame")) return;
    if (event.touches.length > 1 || stage.classList.contains("enlarged")) event.preventDefault();
  };
  stage.addEventListener("touchmove", keep, { passive: false });

  // The wheel scrolls the page until a picture is clicked. A trackpad's pinch comes as a wheel with Ctrl.
  const turn = (event) => {
    const forced = event.ctrlKey || event.metaKey;
    if (!event.target.closest(".frame") || !(forced || stage.contains(document.activeElement))) return;
    const place = offset(event, { x: event.clientX, y: event.clientY });
    const moved = zoomTo(view.zoom * Math.exp(-0.01 * clamp(event.deltaY, -25, 25)), place);
    if (moved || forced) event.preventDefault();
  };
  stage.addEventListener("wheel", turn, { passive: false });

  const zoomBy = (name) => {
    if (name in FACTORS) zoomTo(view.zoom * FACTORS[name]);
    else if (name === "fit" || name === "0") zoomTo(fitting());
    else if (name === "full" || name === "1") zoomTo(screenPixel());
    else return false;
    return true;
  };
  const press = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("select")) return;
    const moves = event.key in MOVES && !event.target.closest("input");
    if (moves) move(...MOVES[event.key].map((share, axis) => share * (axis ? frame.height : frame.width)));
    else if (event.key.length > 1 || !zoomBy(event.key)) return;
    event.preventDefault();
  };
  viewer.addEventListener("keydown", press);
  for (const button of viewer.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => zoomBy(button.dataset.zoom));
  }

  // Both sides differ: what one takes from the other, the other gets in exchange.
  let pair = [left.value, right.value];
  const pairUp = () => {
    if (left.value === right.value) [right.value, left.value] = pair;
    pair = [left.value, right.value];
    show();
  };
  left.addEventListener("change", pairUp);
  right.addEventListener("change", pairUp);
  for (const input of viewer.querySelectorAll("[name=mode], [name=shown]")) input.addEventListener("change", show);

  const handle = stage.querySelector(".handle");
  const slide = (event) => {
    const box = split.getBoundingClientRect();
    split.value = (100 * (event.clientX - box.left)) / box.width;
    divide();
  };
  split.addEventListener("input", divide);
  handle.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    handle.setPointerCapture(event.pointerId);
    split.focus({ preventScroll: true, focusVisible: false });
    event.preventDefault();
  });
  handle.addEventListener("pointermove", (event) => {
    if (handle.hasPointerCapture(event.pointerId)) slide(event);
  });

  const visit = (region, picture) => {
    const [x, y, across, high] = ["x", "y", "width", "height"].map((name) => reduction * Number(region.dataset[name]));
    boxes[picture].checked = true;
    if (isSlider() && ![left.value, right.value].includes(picture)) right.value = picture;
    pair = [left.value, right.value];
    show();
    Object.assign(view, { x: x + across / 2, y: y + high / 2 });
    view.zoom = clamp(PART * Math.min(frame.width / across, frame.height / high), fitting(), highest());
    draw();
    back.href = `#${region.id}`;
    back.textContent = `Back to region ${region.id.replace("region-", "")}`;
    back.hidden = false;
    stage.scrollIntoView({ block: "start" });
    stage.focus({ preventScroll: true });
  };
  for (const crop of document.querySelectorAll(".crop")) {
    crop.addEventListener("click", (event) => {
      event.preventDefault();
      visit(crop.closest(".region"), crop.dataset.picture);
    });
  }

  new ResizeObserver(layOut).observe(viewer);
  if (matchMedia("(pointer: fine)").matches) addEventListener("resize", layOut);
  show();
})();
