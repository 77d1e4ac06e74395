// Streamlit loads a component's script anew for every change of its data. While the first load is under way, calls for
// older and newer data wait for the same file, and the browser answers them in any order (Chromium: in two cases of
// five the older one last). So the server numbers the data (components/mounting.py), and what is older is not drawn.
const newest = new WeakMap();

function outdated(place, { order }) {
  const before = newest.get(place);
  if (before && before.of === order.of && before.at > order.at) return true;
  newest.set(place, order);
  return false;
}
