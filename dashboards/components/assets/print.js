// A button that opens the browser's print dialogue, where the sheet can be saved as PDF too.
// data: {label, dark}
export default function ({ data, parentElement }) {
  if (outdated(parentElement, data)) return;
  const button = parentElement.querySelector("button");
  button.textContent = data.label;
  button.onclick = () => window.print();
}
