// The slider chooses the frame; dragging over the picture by its width runs through all of them.
((root) => {
  const stage = root.querySelector(".stage");
  const slider = root.querySelector("input");
  const panes = [...root.querySelectorAll(".pane")];
  let start = null; // of a drag: place and frame

  const draw = () => {
    const shown = panes[slider.value];
    panes.forEach((pane) => pane.classList.toggle("shown", pane === shown));
    slider.setAttribute("aria-valuetext", shown.textContent);
  };

  slider.addEventListener("input", draw);
  stage.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    stage.setPointerCapture(event.pointerId);
    start = { x: event.clientX, frame: Number(slider.value) };
  });
  stage.addEventListener("pointermove", (event) => {
    if (!stage.hasPointerCapture(event.pointerId)) return;
    const share = (event.clientX - start.x) / stage.clientWidth;
    slider.value = start.frame + Math.round(share * panes.length); // a slider keeps within its range
    draw();
  });
  stage.addEventListener("click", () => slider.focus({ preventScroll: true, focusVisible: false }));
  draw();
})(document.currentScript.parentElement);
