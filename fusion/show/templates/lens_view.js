// Sliders for distances hold 1 / distance, for blur is even in it; that for the aperture holds a position in a list.
((root) => {
  const stage = root.querySelector(".drawing");
  const { options, state } = JSON.parse(stage.dataset.lens);
  const told = root.querySelector("data");
  const read = {
    depth: (value) => 1 / value,
    distance: (value) => 1 / value,
    f_number: (value) => options.f_numbers[value],
  };
  const texts = { depth: "depth_text", distance: "distance_text", f_number: "aperture_text" };

  const rounded = (value) => (typeof value === "number" ? Math.round(100 * value) / 100 : value);
  const draw = () => {
    const values = { ...options, ...drawing(options, state) };
    const filled = stage.dataset.template.replace(/\$(\w+)/g, (_, name) => rounded(values[name]));
    stage.querySelector("svg").innerHTML = filled;
    told.value = values.diameter;
    told.textContent = values.verdict;
    for (const [name, text] of Object.entries(texts)) {
      const slider = root.querySelector(`[name=${name}]`);
      slider.setAttribute("aria-valuetext", `${values[text]}, disc of ${values.diameter_text}`);
      slider.nextElementSibling.textContent = values[text];
    }
  };

  for (const slider of root.querySelectorAll("input")) {
    slider.addEventListener("input", () => {
      state[slider.name] = read[slider.name](Number(slider.value));
      draw();
    });
  }
  draw();
})(document.currentScript.parentElement);
