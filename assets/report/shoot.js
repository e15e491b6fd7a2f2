"use strict";
(() => {
  const body = document.querySelector(".takes tbody"), rows = [...body.rows];
  const search = document.getElementById("search"), trouble = document.getElementById("trouble");
  function sift() {
    const wanted = search.value.toLowerCase();
    rows.forEach(row => {
      row.hidden = !row.cells[0].textContent.toLowerCase().includes(wanted) || (trouble.checked && row.dataset.look !== "yes");
    });
  }
  let sorted = [0, 1];
  document.querySelectorAll("[data-column]").forEach(button => button.addEventListener("click", () => {
    const column = +button.dataset.column, turn = sorted[0] === column ? -sorted[1] : 1;
    sorted = [column, turn];
    const value = row => {
      const cell = row.cells[column];
      if (cell.dataset.value === undefined) return cell.textContent;
      return cell.dataset.value === "" ? -1 : +cell.dataset.value;
    };
    rows.sort((a, b) => {
      const x = value(a), y = value(b);
      return turn * (typeof x === "number" ? y - x : x.localeCompare(y, undefined, {numeric: true}));
    });
    body.append(...rows);
  }));
  search.addEventListener("input", sift);
  trouble.addEventListener("change", sift);
})();
