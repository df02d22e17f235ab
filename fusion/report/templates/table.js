// Rows are sorted by the column whose head is pressed, the best first; once more, the other way. What is unknown is last.
(() => {
  const table = document.querySelector("table.sortable");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const heads = [...table.tHead.rows[0].cells];
  const words = new Intl.Collator("en", { numeric: true });

  const compare = (first, second, isText) => {
    if (isText) return words.compare(first, second);
    if (Number(first) === Number(second)) return 0;
    return Number(first) < Number(second) ? -1 : 1;
  };
  const sort = (column, order) => {
    const sign = order === "ascending" ? 1 : -1;
    const value = (row) => row.cells[column].dataset.value;
    const known = rows.filter((row) => value(row) !== undefined);
    const unknown = rows.filter((row) => value(row) === undefined);
    known.sort((first, second) => sign * compare(value(first), value(second), column === 0));
    body.append(...known, ...unknown);
  };

  heads.forEach((head, column) => {
    const opposite = { ascending: "descending", descending: "ascending" };
    head.querySelector("button").addEventListener("click", () => {
      const order = opposite[head.getAttribute("aria-sort")] ?? head.dataset.first;
      for (const other of heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", order);
      sort(column, order);
    });
  });
})();
