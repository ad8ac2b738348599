// The newest records, one line each.
const MOST = 200;
const state = document.getElementById("state");
const records = document.getElementById("records");
const stream = new EventSource("/records/stream?n=20");

stream.addEventListener("run", () => {
  state.textContent = "Connected.";
});
stream.addEventListener("message", (event) => {
  const record = JSON.parse(event.data);
  const line = document.createElement("li");
  line.textContent = `${record.ts} ${record.event} ${record.query ?? record.command ?? record.reason ?? ""}`;
  records.prepend(line);
  while (records.childElementCount > MOST) {
    records.lastElementChild.remove();
  }
});
stream.addEventListener("gap", (event) => {
  const gap = JSON.parse(event.data);
  state.textContent = `Records are missing: ${gap.count ?? "it is not known how many"}.`;
});
stream.addEventListener("error", () => {
  state.textContent = "The connection is lost.";
});
