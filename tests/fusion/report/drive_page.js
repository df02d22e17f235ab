// Works the page of a comparison as a reader would, and writes what was seen into the title.
window.problems = [];
console.error = console.warn = (...words) => problems.push(words.join(" "));
addEventListener("error", (event) => problems.push(event.message));
addEventListener("securitypolicyviolation", (event) => problems.push(`${event.violatedDirective}: ${event.blockedURI}`));
addEventListener("load", () => {
  Element.prototype.setPointerCapture = () => {}; // made-up pointers cannot be captured
  Element.prototype.hasPointerCapture = () => true;

  const find = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const stage = find(".stage");
  const box = (element) => element.getBoundingClientRect();
  const transforms = () => [...new Set(all(".pane.shown img").map((image) => getComputedStyle(image).transform))];
  const numbers = (text) => text.match(/-?[\d.]+/g).map(Number);
  const state = () => ({ transforms: transforms().map(numbers), level: find("#zoom-level").textContent });
  const sources = () => all(".pane img").map((image) => Number(image.hasAttribute("src")));
  const key = (target, name) =>
    target.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
  const wheel = (deltaY, ctrlKey) => {
    const { x, y, width, height } = box(find(".pane.shown .frame"));
    const place = { clientX: x + width / 2, clientY: y + height / 2 };
    const event = new WheelEvent("wheel", { ...place, deltaY, ctrlKey, bubbles: true, cancelable: true });
    return find(".pane.shown img").dispatchEvent(event) === false;
  };
  const point = (target, type, x, y, pointerId = 1) =>
    target.dispatchEvent(new PointerEvent(type, { clientX: x, clientY: y, pointerId, pointerType: "mouse", bubbles: true }));
  const drag = (target, byX, byY) => {
    const { x, y, width, height } = box(target);
    const middle = [x + width / 2, y + height / 2];
    point(target, "pointerdown", ...middle);
    point(target, "pointermove", middle[0] + byX, middle[1] + byY);
    point(target, "pointerup", middle[0] + byX, middle[1] + byY);
    stage.dispatchEvent(new PointerEvent("lostpointercapture", { pointerId: 1 }));
  };
  const choose = (name, value) => {
    const select = find(name);
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const column = (index) => all(".sortable tbody tr").map((row) => row.cells[index].firstChild.textContent);
  const press = (index) => {
    all(".sortable th button")[index].click();
    return [column(index), all("[aria-sort]").map((head) => [head.cellIndex, head.getAttribute("aria-sort")])];
  };

  const frame = box(find(".frame"));
  const report = { frame: [frame.width, frame.height], start: state(), sources: { grid: sources() } };
  report.plainWheel = [wheel(-100, false), state()];
  report.wheel = [wheel(-100, true), state()];
  key(stage, "0");
  key(stage, "1");
  report.full = state();
  key(stage, "+");
  report.plus = state();
  drag(find(".frame"), 7, -5);
  report.dragged = state();
  key(stage, "ArrowRight");
  report.arrow = state();
  find("[data-zoom=fit]").click();
  report.fit = state();
  stage.focus();
  report.focusedWheel = [wheel(-100, false), wheel(100, false), wheel(100, false)];

  all("[name=shown]").forEach((input, index) => (index === 1 || index === 4 ? input.click() : null));
  report.sources.chosen = sources();

  find("[value=slider]").click();
  report.sources.slider = sources();
  const split = () => getComputedStyle(find(".pane.right")).clipPath.match(/([\d.]+)%\)/)[1];
  report.split = [split()];
  drag(find(".handle"), box(find(".split")).width / 4, 0);
  report.split.push(split(), find(".split").getAttribute("aria-valuetext"));
  choose("#left", find("#right").value);
  report.pair = [find("#left").value, find("#right").value];

  const crop = find("#region-2 .crop:nth-child(3)");
  crop.click();
  const seen = box(find(".pane.shown .frame"));
  const size = [seen.width, seen.height];
  report.visit = { ...state(), frame: size, active: document.activeElement.className, right: find("#right").value, hash: location.hash };
  report.back = [find(".back").textContent, find(".back").hidden, find(".back").getAttribute("href")];

  report.sorted = { score: [press(3), press(3)], unknown: press(4), method: press(0) };
  report.scroll = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  report.problems = problems;
  document.title = JSON.stringify(report);
});
