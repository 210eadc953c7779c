/* SPDX-License-Identifier: ISC */
/* Style and script of the report. */
#include "popkeep/report/html_look.h"

#include "popkeep/base/hash.h"

#include <openssl/evp.h>
#include <string.h>

/* clang-format off */

/* Colours have a contrast of at least 4.5 to 1 on their ground (WCAG 2.1, 1.4.3), in both schemes. A
 * narrow screen gets a card an account instead of a row; the roles in the page keep it a table for
 * those who listen to it. */
const char html_style[] =
    ":root{color-scheme:light dark;--bg:#fff;--fg:#1b1f23;--soft:#57606a;--line:#d5dbe1;--card:#f5f7f9;"
    "--well:#1a6e33;--late:#855700;--bad:#b3261e;--bar:#2f6fbf;--track:#d9dfe6}\n"
    "@media(prefers-color-scheme:dark){:root{--bg:#101418;--fg:#e4e8ec;--soft:#a5afba;--line:#323a42;"
    "--card:#181e24;--well:#71d98c;--late:#f0c14b;--bad:#ff8a80;--bar:#6ea8ff;--track:#333c45}}\n"
    "*{box-sizing:border-box}\n"
    "[hidden]{display:none!important}\n"
    "html{-webkit-text-size-adjust:100%;text-size-adjust:100%}\n"
    "body{margin:0 auto;max-width:76rem;padding:1rem;background:var(--bg);color:var(--fg);"
    "font:1rem/1.45 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',sans-serif}\n"
    "h1{font-size:1.6rem;line-height:1.2;margin:.2rem 0}\n"
    "h2{font-size:1.15rem;margin:2rem 0 .6rem}\n"
    "p{margin:.4rem 0}\n"
    "small,.soft{color:var(--soft);font-size:.875rem}\n"
    ".i{width:1.05em;height:1.05em;vertical-align:-.16em;fill:currentColor;flex:none}\n"
    ".well .s,.well.s{color:var(--well)}.late .s,.late.s{color:var(--late)}.trouble .s,.trouble.s{color:var(--bad)}\n"
    ".banner{display:flex;gap:.6rem;align-items:baseline;font-size:1.15rem;font-weight:600;margin:1rem 0;"
    "padding:.7rem .9rem;border:1px solid var(--line);border-left:.35rem solid currentColor;border-radius:.4rem;"
    "background:var(--card)}\n"
    ".banner span{color:var(--fg)}\n"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.2rem,1fr));gap:.6rem;margin:0;padding:0}\n"
    ".tiles div{background:var(--card);border:1px solid var(--line);border-radius:.4rem;padding:.6rem .8rem}\n"
    ".tiles dt{color:var(--soft);font-size:.875rem}\n"
    ".tiles dd{margin:0;font-size:1.3rem;font-weight:600;line-height:1.3;font-variant-numeric:tabular-nums}\n"
    ".tiles dd small{display:block;font-weight:400}\n"
    ".states{grid-template-columns:repeat(3,1fr);margin-bottom:.6rem}\n"
    "nav a{color:inherit;display:inline-block;padding:.25rem 0;margin-right:1.2rem}\n"
    ".find{margin:.6rem 0}.find input{font:inherit;color:inherit;background:var(--bg);border:1px solid var(--soft);"
    "border-radius:.3rem;padding:.4rem .6rem;width:100%;max-width:22rem;display:block;margin-top:.2rem}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:left;vertical-align:top;padding:.5rem .6rem;border-bottom:1px solid var(--line)}\n"
    "thead th{color:var(--soft);font-size:.875rem;font-weight:600;border-bottom-width:2px}\n"
    "thead button{font:inherit;color:inherit;background:none;border:0;padding:.3rem 0;margin:-.3rem 0;cursor:pointer;text-align:inherit}\n"
    "thead button::after{content:'\\2195';padding-left:.3em;opacity:.55}\n"
    "[aria-sort=ascending] button::after{content:'\\2191';opacity:1}[aria-sort=descending] button::after{content:'\\2193';opacity:1}\n"
    ".n{text-align:right;font-variant-numeric:tabular-nums}\n"
    "tbody th{font-weight:600;overflow-wrap:anywhere;width:34%}tbody th small{display:block;font-weight:400}\n"
    "td small{display:block;white-space:nowrap}td.d{white-space:nowrap}\n"
    "td.s{white-space:nowrap;font-weight:600}\n"
    ".why{margin:.3rem 0 0;padding:0 0 0 1.1rem;font-weight:400;overflow-wrap:anywhere}\n"
    ".bar{display:block;width:100%;min-width:6rem;height:.55rem;border-radius:.2rem;margin:.35rem 0 .2rem}\n"
    ".bar .t{fill:var(--track)}.bar .v{fill:var(--bar)}.bar.much .v{fill:var(--late)}.bar.full .v{fill:var(--bad)}\n"
    "figure{margin:0;display:grid;grid-template-columns:auto 1fr;column-gap:.5rem}\n"
    ".scale,.dates{display:flex;justify-content:space-between;color:var(--soft);font-size:.8125rem;line-height:1}\n"
    ".scale{flex-direction:column;text-align:right;font-variant-numeric:tabular-nums;margin:-.4em 0}\n"
    ".dates{grid-column:2;padding-top:.4rem}\n"
    "figure svg{width:100%;height:11rem;display:block;overflow:visible}\n"
    "figure rect{fill:var(--bar)}figure rect:hover{fill:var(--fg)}\n"
    ".grid{stroke:var(--line);fill:none;vector-effect:non-scaling-stroke}\n"
    "summary{cursor:pointer;color:var(--soft);padding:.4rem 0}\n"
    "details table{width:auto}details th,details td{padding:.2rem .8rem .2rem 0}\n"
    "footer{margin-top:2rem;border-top:1px solid var(--line);padding-top:.6rem}\n"
    ":focus-visible{outline:2px solid var(--bar);outline-offset:2px}\n"
    "@media(max-width:60rem){#accounts,#accounts tbody{display:block}\n"
    "#accounts thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}\n"
    "#accounts tr{display:grid;grid-template-columns:1fr 1fr;gap:.15rem 1rem;padding:.6rem .8rem;margin:0 0 .6rem;"
    "border:1px solid var(--line);border-left:.35rem solid var(--line);border-radius:.4rem;background:var(--card)}\n"
    "#accounts tr.trouble{border-left-color:var(--bad)}#accounts tr.late{border-left-color:var(--late)}"
    "#accounts tr.well{border-left-color:var(--well)}\n"
    "#accounts th,#accounts td{display:block;border:0;padding:0;text-align:left;min-width:0;width:auto}\n"
    "#accounts tbody th{grid-column:1/-1;grid-row:1;font-size:1.05rem}\n"
    "#accounts tbody th small{padding-right:6.5rem}\n"
    "#accounts .why{font-size:1rem;margin-bottom:.2rem}\n"
    "#accounts td.s{grid-column:1/-1;grid-row:1;justify-self:end;align-self:start}\n"
    "#accounts td[data-l]::before{content:attr(data-l);display:block;color:var(--soft);font-size:.8125rem}\n"
    "#accounts td small{display:inline-block;margin-left:.5em}#accounts td.d small,#accounts td.m small{display:block;margin:0;white-space:normal}#accounts td.d{white-space:normal}\n"
    "#accounts td.none{display:none}}\n"
    "@media print{.find,details{display:none}tr{break-inside:avoid}}\n";

/* Sorting, looking for an account, and a word when the page itself is old. */
const char html_script[] =
    "'use strict';\n"
    "(function(){\n"
    "var d=document,lang=d.documentElement.lang,t=d.getElementById('accounts'),old=d.getElementById('old');\n"
    "if(Date.now()/1000-Number(old.getAttribute('data-made'))>172800)old.hidden=false;\n"
    "if(!t)return;\n"
    "var body=t.tBodies[0],heads=Array.from(t.tHead.rows[0].cells),find=d.getElementById('find');\n"
    "function key(row,c){var x=row.cells[c],v=x.getAttribute('data-v');return v===null?x.textContent:Number(v);}\n"
    "function sort(c){\n"
    "var down=heads[c].getAttribute('aria-sort')==='ascending',rows=Array.from(body.rows);\n"
    "rows.sort(function(x,y){var p=key(x,c),q=key(y,c),\n"
    "n=typeof p==='string'?p.localeCompare(q,lang,{numeric:true}):p-q;return down?-n:n;});\n"
    "rows.forEach(function(r){body.appendChild(r);});\n"
    "heads.forEach(function(h){h.removeAttribute('aria-sort');});\n"
    "heads[c].setAttribute('aria-sort',down?'descending':'ascending');\n"
    "}\n"
    "heads.forEach(function(h,c){\n"
    "var b=d.createElement('button');b.type='button';\n"
    "while(h.firstChild)b.appendChild(h.firstChild);\n"
    "h.appendChild(b);b.addEventListener('click',function(){sort(c);});\n"
    "});\n"
    "find.parentNode.hidden=false;\n"
    "find.addEventListener('input',function(){\n"
    "var w=find.value.toLocaleLowerCase(lang);\n"
    "Array.from(body.rows).forEach(function(r){r.hidden=!r.textContent.toLocaleLowerCase(lang).includes(w);});\n"
    "});\n"
    "})();\n";

/* clang-format on */

static void put_digest(struct buf *to, const char *name, const char *text)
{
    unsigned char sha[HASH_OCTETS], base64[4 * (HASH_OCTETS + 2) / 3 + 1];

    hash_once(text, strlen(text), sha);
    EVP_EncodeBlock(base64, sha, HASH_OCTETS);
    (void)buf_addf(to, "%s 'sha256-%s'", name, (const char *)base64);
}

void html_policy(struct buf *to)
{
    (void)buf_add_c(to, "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; ");
    put_digest(to, "style-src", html_style);
    (void)buf_add_c(to, "; ");
    put_digest(to, "script-src", html_script);
}
