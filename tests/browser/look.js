// What a reader would stumble over: faint text, things wider than the window, missing pictures, formulas not set.
(() => {
  // Colours and places are looked at when they have come to rest.
  const still = document.createElement("style");
  still.textContent = "*, ::before, ::after { transition: none !important; animation: none !important }";
  document.documentElement.append(still);

  const pencil = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const known = new Map();

  // Any colour of CSS as red, green, blue from 0 to 255, and its opacity from 0 to 1.
  const parse = (colour) => {
    if (!known.has(colour)) {
      pencil.clearRect(0, 0, 1, 1);
      pencil.fillStyle = colour;
      pencil.fillRect(0, 0, 1, 1);
      const [red, green, blue, alpha] = pencil.getImageData(0, 0, 1, 1).data;
      known.set(colour, [red, green, blue, alpha / 255]);
    }
    return known.get(colour);
  };
  const over = ([red, green, blue, alpha], below) =>
    [red, green, blue].map((value, index) => alpha * value + (1 - alpha) * below[index]);
  const luminance = (colour) => {
    const [red, green, blue] = colour.map((value) =>
      value <= 10.31475 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4
    );
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05);
  };

  const above = (element) => {
    const chain = [];
    for (let node = element; node; node = node.parentElement) chain.unshift(node);
    return chain;
  };
  const canvas = () => {
    const isDark = getComputedStyle(document.documentElement).colorScheme.includes("dark");
    return isDark && matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
  };
  const grounds = new Map(); // of elements: the colour behind their text, and how opaque they are with all around them
  const groundOf = (element) => {
    if (!element) return { behind: canvas(), opacity: 1 };
    if (!grounds.has(element)) {
      const { behind, opacity } = groundOf(element.parentElement);
      const style = getComputedStyle(element);
      grounds.set(element, {
        behind: over(parse(style.backgroundColor), behind),
        opacity: opacity * style.opacity,
      });
    }
    return grounds.get(element);
  };
  const colours = (element) => {
    const { behind, opacity } = groundOf(element);
    const style = getComputedStyle(element);
    const [red, green, blue, alpha] = parse(element instanceof SVGElement ? style.fill : style.color);
    return [over([red, green, blue, alpha * opacity], behind), behind];
  };

  const isSeen = (element) => {
    if (element.closest(".MathJax_Menu, mjx-assistive-mml, .visually-hidden, .sr-only, [disabled]")) return false;
    const box = element.getBoundingClientRect();
    const seen = element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    return seen && box.width > 1 && box.height > 1;
  };
  const named = (element) => {
    const classes = (node) => [node.localName, ...node.classList].join(".");
    return above(element).slice(-3).map(classes).join(" > ");
  };

  // Texts below a contrast, the worst of each kind of element.
  const faint = (least) => {
    const worst = new Map();
    grounds.clear();
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const [text, element] = [walker.currentNode.data.trim(), walker.currentNode.parentElement];
      if (!text || ["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE"].includes(element.tagName) || !isSeen(element)) continue;
      const ratio = contrast(...colours(element));
      const name = named(element);
      if (ratio < least && ratio < (worst.get(name)?.ratio ?? Infinity)) {
        worst.set(name, { ratio: Math.round(100 * ratio) / 100, name, text: text.slice(0, 40) });
      }
    }
    return [...worst.values()];
  };

  // How far to the right an element may reach: to the edge of a box that cuts it off, or of the window; anywhere in a
  // box that scrolls. Pictures that are enlarged, and drawings, are cut off on purpose.
  const edgeOf = (element) => {
    for (const node of above(element.parentElement).reverse()) {
      const { overflowX } = getComputedStyle(node);
      if (["auto", "scroll"].includes(overflowX) || node.matches(".frame, .overlay, svg, mjx-container")) return Infinity;
      if (["hidden", "clip"].includes(overflowX)) return node.getBoundingClientRect().right;
    }
    return document.documentElement.clientWidth;
  };
  const wide = () => {
    const { clientWidth, scrollWidth } = document.documentElement;
    const elements = [...document.querySelectorAll("body *")].filter(isSeen);
    const reaching = elements.filter((element) => element.getBoundingClientRect().right > edgeOf(element) + 1);
    return [...(scrollWidth > clientWidth ? [`page: ${scrollWidth} px`] : []), ...new Set(reaching.map(named))];
  };

  const missing = async () => {
    const pictures = [...document.images];
    pictures.forEach((picture) => (picture.loading = "eager"));
    await Promise.allSettled(pictures.map((picture) => picture.decode()));
    return pictures.filter((picture) => !picture.naturalWidth).map((picture) => picture.src.slice(0, 80));
  };

  // Formulas that are still written as LaTeX, or that MathJax could not read.
  const unset = () =>
    [...document.querySelectorAll(".math")]
      .filter((formula) => !formula.querySelector("mjx-container") || formula.querySelector("mjx-merror"))
      .map((formula) => formula.textContent.slice(0, 60));

  const CONTROLS = "a[href], input, button, select, summary, [tabindex='0']";
  const controls = (widget) =>
    [...widget.querySelectorAll(CONTROLS)].filter((control) => control.checkVisibility({ visibilityProperty: true }));
  // Tell whether the focus is drawn: around what has it, or around what lies over that.
  const isRinged = (element) =>
    [element, element.nextElementSibling].some((node) => {
      const style = node && getComputedStyle(node);
      return style && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    });

  window.look = { contrast, controls, faint, isRinged, missing, named, unset, wide };
})();
