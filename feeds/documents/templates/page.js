
// The buttons beside the subscribe links copy their addresses. Without this they are not there.
if (navigator.clipboard) {
  const status = document.querySelector(".subscribe [role=status]");
  for (const button of document.querySelectorAll("button[data-copied]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const said = button.firstChild, before = said.data;
      await navigator.clipboard.writeText(button.previousElementSibling.href);
      said.data = status.textContent = button.dataset.copied;
      setTimeout(() => { said.data = before; status.textContent = ""; }, 2000);
    }, false);
  }
}
