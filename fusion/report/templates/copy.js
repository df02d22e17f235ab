// A command is copied; where that is not allowed, it is selected, and copied by hand.
(() => {
  const status = document.getElementById("copied");

  const select = (element) => getSelection().selectAllChildren(element);
  const copy = async (code) => {
    try {
      await navigator.clipboard.writeText(code.textContent);
      return true;
    } catch {
      select(code);
      return document.execCommand("copy");
    }
  };
  for (const button of document.querySelectorAll("button.copy")) {
    const label = button.textContent;
    button.addEventListener("click", async () => {
      const done = await copy(button.closest(".line").querySelector("code"));
      button.textContent = done ? "Copied" : "Selected";
      status.textContent = done ? "Copied" : "The command is selected: copy it";
      setTimeout(() => {
        button.textContent = label;
        status.textContent = "";
      }, 2000);
    });
  }
})();
