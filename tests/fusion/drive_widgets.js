// Drives the first widget of each kind on the page, then its twin, and writes what was seen into the title.
(() => {
  const all = (kind) => [...document.querySelectorAll(`.${kind}`)];
  const [compare, scrub, zoom] = ["compare", "scrub", "zoom"].map((kind) => all(kind)[0]);
  Element.prototype.setPointerCapture = () => {}; // made-up pointers cannot be captured
  Element.prototype.hasPointerCapture = () => true;

  const send = (target, event) => target.dispatchEvent(event) === false;
  const slide = (root, value) => {
    const slider = root.querySelector("input");
    slider.value = value;
    send(slider, new Event("input", { bubbles: true }));
  };
  const point = (root, type, share, pointerId = 1) => {
    const frame = root.querySelector(".frame");
    const box = frame.getBoundingClientRect();
    const place = { clientX: box.left + share * box.width, clientY: box.top + box.height / 2 };
    send(frame, new PointerEvent(type, { ...place, pointerType: "mouse", pointerId, bubbles: true }));
  };
  const lift = (root, pointerId) =>
    send(root.querySelector(".stage"), new PointerEvent("lostpointercapture", { pointerId }));
  const drag = (root, from, to) => {
    point(root, "pointerdown", from);
    point(root, "pointermove", to);
    point(root, "pointerup", to);
  };
  const key = (root, name) =>
    send(root.querySelector(".stage"), new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const wheel = (root, ctrlKey) =>
    send(
      root.querySelector("img"),
      new WheelEvent("wheel", { deltaY: -100, ctrlKey, bubbles: true, cancelable: true })
    );

  const split = (root) => getComputedStyle(root.querySelectorAll("img")[1]).clipPath.match(/[\d.]+%/)[0];
  const said = (root) => root.querySelector("input").getAttribute("aria-valuetext");
  const isShown = (pane) => getComputedStyle(pane.querySelector(".frame")).visibility === "visible";
  const shown = (root) => [...root.querySelectorAll(".pane")].flatMap((pane, index) => (isShown(pane) ? index : []));
  const transforms = (root) => [
    ...new Set([...root.querySelectorAll("img")].map((image) => getComputedStyle(image).transform)),
  ];

  const report = { compare: [[split(compare), said(compare)]], scrub: [shown(scrub)], zoom: [], prevented: {} };
  slide(compare, 75);
  report.compare.push([split(compare), said(compare)]);
  point(compare, "pointerdown", 0.875);
  report.compare.push(split(compare));
  point(compare, "pointermove", 0.25);
  report.compare.push(split(compare));

  slide(scrub, 2);
  report.scrub.push(shown(scrub), said(scrub));
  drag(scrub, 0.5, 0.25);
  report.scrub.push(shown(scrub));
  drag(scrub, 0, 1);
  report.scrub.push(shown(scrub));

  report.zoom.push(transforms(zoom));
  zoom.querySelector("button").click();
  report.zoom.push(transforms(zoom));
  key(zoom, "ArrowRight");
  report.zoom.push(transforms(zoom));
  key(zoom, "0");
  report.zoom.push(transforms(zoom));
  report.prevented["arrow while whole"] = key(zoom, "ArrowDown");
  report.prevented["plain wheel"] = wheel(zoom, false);
  report.zoom.push(transforms(zoom));
  report.prevented["ctrl wheel"] = wheel(zoom, true);
  report.zoom.push(transforms(zoom));
  zoom.querySelectorAll("button")[2].click();
  report.zoom.push(transforms(zoom));

  // Scale, and where the left upper corner lies, in widths and heights of the picture.
  const view = (root) => {
    const matrix = new DOMMatrix(transforms(root)[0]);
    const { width, height } = root.querySelector(".frame").getBoundingClientRect();
    return [matrix.a, matrix.e / width, matrix.f / height];
  };
  point(zoom, "pointerdown", 0.4, 1);
  point(zoom, "pointerdown", 0.6, 2);
  point(zoom, "pointermove", 0.3, 1);
  lift(zoom, 2);
  report.pinched = view(zoom);
  point(zoom, "pointermove", 0.4, 1);
  lift(zoom, 1);
  report.dragged = view(zoom);
  zoom.querySelectorAll("button")[2].click();

  report.twins = [split(all("compare")[1]), shown(all("scrub")[1]), transforms(all("zoom")[1])];
  slide(all("compare")[1], 10);
  slide(all("scrub")[1], 1);
  all("zoom")[1].querySelector("button").click();
  report.driven = [split(all("compare")[1]), shown(all("scrub")[1]), transforms(all("zoom")[1])];
  report.left = [split(compare), shown(scrub), transforms(zoom)];
  document.title = JSON.stringify(report);
})();
