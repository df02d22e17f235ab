// The divider stands where the slider is; pressing or dragging on the picture moves the slider there.
((root) => {
  const stage = root.querySelector(".stage");
  const slider = root.querySelector("input");
  const labels = [...root.querySelectorAll(".label")].map((label) => label.textContent);
  let pressed = null; // event that began a drag
  let following = false;

  const draw = () => {
    const percent = Math.round(slider.value);
    root.style.setProperty("--split", `${slider.value}%`);
    slider.setAttribute("aria-valuetext", `${percent} % ${labels[0]}, ${100 - percent} % ${labels[1]}`);
  };

  const follow = (event) => {
    const box = slider.getBoundingClientRect();
    slider.value = (100 * (event.clientX - box.left)) / box.width;
    draw();
  };

  // A finger that moves up or down is about to scroll the page.
  const isSideways = (event) =>
    Math.abs(event.clientX - pressed.clientX) > Math.abs(event.clientY - pressed.clientY);

  slider.addEventListener("input", draw);
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    pressed = event;
    following = event.pointerType === "mouse";
    if (following) follow(event);
  });
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) return;
    following ||= isSideways(event);
    if (following) follow(event);
  });
  stage.addEventListener("click", (event) => {
    slider.focus({ preventScroll: true, focusVisible: false });
    follow(event);
  });
  draw();
})(document.currentScript.parentElement);
