"""The page's style sheet: light and dark by the reader's setting, and ink on white when printed."""

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--soft:#f4f5f7;--ink:#1b1f27;--dim:#5d6675;--rule:#dde1e7;
--accent:#2459c4;--gain:#0f7a4a;--loss:#bd2b2b;--fall:#bd2b2b;--band:#bd2b2b14;--gross:#2459c426;--net:#a35a00}
@media (prefers-color-scheme:dark){:root{--paper:#14171d;--soft:#1d2129;--ink:#e6e9ee;--dim:#9aa4b3;
--rule:#323845;--accent:#7ea6ff;--gain:#4cc38a;--loss:#ff7b72;--fall:#ff7b72;--band:#ff7b721c;--gross:#7ea6ff33;
--net:#f0a955}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1080px;padding:28px 24px 60px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
h1{font-size:26px;line-height:1.2;margin:0 0 2px}
h2{font-size:18px;margin:36px 0 10px;padding-bottom:5px;border-bottom:1px solid var(--rule)}
h3{font-size:15px;margin:18px 0 6px}
p{margin:6px 0}
.dim,.note{color:var(--dim)}
.note{font-size:13px}
code{font:12.5px/1.4 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;overflow-wrap:anywhere}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(148px,1fr));gap:10px;margin:18px 0 6px}
.card{background:var(--soft);border-radius:6px;padding:9px 12px}
.card b{display:block;font-size:20px;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}
.card>span{display:block;color:var(--dim);font-size:12.5px}
.gain{color:var(--gain)}.loss{color:var(--loss)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
th,td{padding:4px 9px;text-align:left;border-bottom:1px solid var(--rule);vertical-align:top}
th{font-weight:600;color:var(--dim)}
td.n,th.n{text-align:right;white-space:nowrap}
td.t{white-space:nowrap}
tr.sum td{font-weight:600}
.facts th{width:1%;white-space:nowrap;padding-right:18px}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(380px,1fr));gap:0 32px}
.months td,.months th{text-align:right;padding:5px 6px;white-space:nowrap}
.months td.blank{background:none}
svg{display:block;width:100%;height:auto;margin:6px 0 12px}
svg text{font:12px system-ui,-apple-system,"Segoe UI",Roboto,Arial,sans-serif;fill:var(--dim);
font-variant-numeric:tabular-nums}
svg .caption{fill:var(--ink);font-weight:600;font-size:13px}
.grid{stroke:var(--rule);stroke-width:1;fill:none}
.zero{stroke:var(--dim);stroke-width:1;stroke-dasharray:4 3;fill:none}
.nav,.price,.net{fill:none;stroke-linejoin:round}
.nav{stroke:var(--accent);stroke-width:1.8}
.price{stroke:var(--dim);stroke-width:1}
.net{stroke:var(--net);stroke-width:1.4}
.gross{fill:var(--gross)}
svg .gross-name{fill:var(--accent)}svg .net-name{fill:var(--net)}
.fall{fill:var(--fall);fill-opacity:.35;stroke:var(--fall);stroke-width:1}
.band{fill:var(--band)}
.gain-bar{fill:var(--gain)}.loss-bar{fill:var(--loss)}
.buy{fill:var(--gain)}.sell{fill:var(--loss)}
.win-line,.loss-line{stroke-width:1.3;stroke-dasharray:3 2;fill:none}
.win-line{stroke:var(--gain)}.loss-line{stroke:var(--loss)}
@media (max-width:940px){body{padding:20px 12px 40px}table.dense{font-size:10.5px}
table.dense th,table.dense td{padding:2px 3px}
table{font-size:12px}th,td{padding:3px 5px}th.n{white-space:normal}
table.months td,table.months th{padding:4px 3px}}
@media print{table.dense{font-size:7.5px!important}.wide{overflow:visible}th.n{white-space:normal}th,td{padding:2px 4px}
:root{color-scheme:light;--paper:#fff;--soft:#f4f5f7;--ink:#000;--dim:#444;--rule:#ccc;
--accent:#2459c4;--gain:#0f7a4a;--loss:#bd2b2b;--fall:#bd2b2b;--band:#bd2b2b14;--gross:#2459c426;--net:#a35a00}
body{max-width:none;padding:0;font-size:11px}table{font-size:10px}.card b{font-size:15px}
h2{break-after:avoid}svg,.card,tr{break-inside:avoid}.card,td,rect,path{print-color-adjust:exact;
-webkit-print-color-adjust:exact}}
"""
