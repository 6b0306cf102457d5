#include "bench/report/html_page.hpp"

namespace tombo::bench {

const std::string_view kPageHead = R"html(<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<link rel="icon" href="data:,">
<title>tombo-bench report</title>
<style>
:root { color-scheme: light dark; --back: #f6f7f9; --card: #ffffff; --text: #1b2430; --soft: #5f6b7a; --rule: #e2e6eb;
  --shade: #94a3b822; --good: #15803d; --bad: #b91c1c; --s0: #2563eb; --s1: #d9480f; --s2: #0f9d76; --s3: #9333ea; --s4: #b58105; }
@media (prefers-color-scheme: dark) { :root { --back: #12161c; --card: #1b212a; --text: #e6eaf0; --soft: #98a4b3; --rule: #2e3743;
  --shade: #94a3b81a; --good: #4ade80; --bad: #f87171; --s0: #6ea8fe; --s1: #ff9f5a; --s2: #4fd1a5; --s3: #c996ff; --s4: #e8c14b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, "Segoe UI", "DejaVu Sans", sans-serif; }
main { max-width: 1240px; margin: 0 auto; padding: 28px 20px 60px; }
h1 { font-size: 22px; margin: 0 0 2px; } h2 { font-size: 18px; margin: 44px 0 2px; } p { margin: 0 0 14px; color: var(--soft); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 14px 0; }
.card, figure, .table { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; }
.card { padding: 12px 14px; } .card b { display: block; font-size: 20px; font-variant-numeric: tabular-nums; } .card span { color: var(--soft); font-size: 13px; }
.good b { color: var(--good); } .bad b, .problem { color: var(--bad); }
.grid2 { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 520px), 1fr)); gap: 14px; }
figure { margin: 0; padding: 12px 14px 6px; position: relative; } figcaption { font-weight: 600; margin-bottom: 6px; }
svg { width: 100%; height: auto; display: block; }
.key { font-weight: 400; font-size: 13px; color: var(--soft); margin-left: 14px; white-space: nowrap; }
.key::before { content: ""; display: inline-block; width: 14px; height: 3px; margin-right: 5px; vertical-align: middle; background: var(--c); border-radius: 2px; }
.s0 { --c: var(--s0); } .s1 { --c: var(--s1); } .s2 { --c: var(--s2); } .s3 { --c: var(--s3); } .s4 { --c: var(--s4); }
.line { fill: none; stroke: var(--c); stroke-width: 2; stroke-linejoin: round; } .line.s0 { stroke-width: 3.5; } .line.s1 { stroke-width: 2.5; } .line.s2 { stroke-width: 1.5; } .grid { stroke: var(--rule); } .shade { fill: var(--shade); }
.tick { fill: var(--soft); font-size: 12px; } .cursor { stroke: var(--soft); stroke-dasharray: 3 3; visibility: hidden; }
.tip { position: absolute; pointer-events: none; background: var(--text); color: var(--back); font-size: 12px; padding: 5px 8px; border-radius: 6px; white-space: pre; display: none; }
.table { overflow-x: auto; margin-top: 14px; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 7px 14px; text-align: right; border-top: 1px solid var(--rule); white-space: nowrap; } tr:first-child > * { border-top: 0; }
th { color: var(--soft); font-weight: 500; font-size: 13px; } th:first-child, td:first-child { text-align: left; } a { color: var(--s0); }
</style>
</head>
<body>
<main>
)html";

const std::string_view kPageEnd = R"html(</main>
<script>
for (const figure of document.querySelectorAll("figure")) {
  const { names, at } = JSON.parse(figure.querySelector("script").textContent);
  const svg = figure.querySelector("svg"), cursor = svg.querySelector(".cursor");
  const tip = figure.appendChild(Object.assign(document.createElement("div"), { className: "tip" }));
  svg.addEventListener("pointermove", event => {
    const box = svg.getBoundingClientRect(), scale = svg.viewBox.baseVal.width / box.width;
    const x = (event.clientX - box.left) * scale;
    const near = at.reduce((best, row) => Math.abs(row[0] - x) < Math.abs(best[0] - x) ? row : best);
    cursor.setAttribute("x1", near[0]); cursor.setAttribute("x2", near[0]); cursor.style.visibility = "visible";
    tip.textContent = [near[1], ...names.map((name, i) => name + "  " + near[i + 2])].join("\n");
    tip.style.display = "block";
    const left = svg.offsetLeft + near[0] / scale;
    tip.style.left = (near[0] > svg.viewBox.baseVal.width / 2 ? left - tip.offsetWidth - 10 : left + 10) + "px";
    tip.style.top = (figure.querySelector("figcaption").offsetHeight + 24) + "px";
  });
  svg.addEventListener("pointerleave", () => { tip.style.display = "none"; cursor.style.visibility = "hidden"; });
}
</script>
</body>
</html>
)html";

}  // namespace tombo::bench
