// Slack's mrkdwn and markdown as nodes: what is not known as a mark stays text, so nothing can become HTML.

export const h = (tag, attributes = {}, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat(Infinity).filter((one) => one != null && one !== false));
  return element;
};

const unescape = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
const isWeb = (url) => /^(https?:|mailto:)/.test(url);
const link = (url, label) =>
  isWeb(url) ? h("a", { href: url, target: "_blank", rel: "noreferrer" }, label) : label;

// What stands between `<` and `>`.
const special = (inner, names) => {
  const [what, label] = inner.split("|");
  if (what[0] === "@") {
    const name = names[what.slice(1)] ?? label ?? what.slice(1);
    return h("span", { class: "mention" }, `@${unescape(name)}`);
  }
  if (what[0] === "#") return h("span", { class: "mention" }, `#${unescape(label ?? names[what.slice(1)] ?? what.slice(1))}`);
  if (what.startsWith("!date")) return unescape(label ?? what);
  if (what[0] === "!") return h("span", { class: "mention loud" }, `@${what.slice(1).replace(/\^.*/, "")}`);
  return link(unescape(what), unescape(label ?? what));
};

// A word joiner (U+2060) beside a mark keeps it what it is.
const EDGE = "(?<![\\w\\u2060])";
const between = (mark, not) => `${EDGE}${mark}(?!\\u2060)(\\S(?:[^${not}\\n]*?[^\\s\\u2060])?)${mark}(?!\\w)`;
const MRKDWN = new RegExp(
  `<([^<>\\n]+)>|\`([^\`\\n]+)\`|${between("\\*", "*")}|${between("_", "_")}|${between("~", "~")}`, "g");
const MARKDOWN = new RegExp(
  "\\\\([\\\\`*_{}\\[\\]()#+\\-.!~<>|])|`([^`\\n]+)`|\\[([^\\]\\n]*)\\]\\(([^)\\s]+)\\)|<([@#!][^<>\\n]+|https?:[^<>\\s]+)>" +
  "|\\*\\*(?!\\s)([^\\n]+?)\\*\\*|~~([^\\n]+?)~~|(?<![\\w*])\\*(?![\\s*])([^*\\n]+)\\*(?!\\w)" +
  "|(?<!\\w)_(?!\\s)([^_\\n]+)_(?!\\w)|(https?:\\/\\/[^\\s<>()]+)", "g");

const walk = (text, pattern, plain, render) => {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) nodes.push(plain(text.slice(at, match.index)));
    nodes.push(render(match));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(plain(text.slice(at)));
  return nodes;
};

const inlineMrkdwn = (text, names) => walk(text, MRKDWN, unescape, ([all, tag, code, bold, slanted, struck]) => {
  if (tag !== undefined) return special(tag, names);
  if (code !== undefined) return h("code", {}, unescape(code));
  if (bold !== undefined) return h("b", {}, inlineMrkdwn(bold, names));
  if (slanted !== undefined) return h("i", {}, inlineMrkdwn(slanted, names));
  return struck !== undefined ? h("s", {}, inlineMrkdwn(struck, names)) : unescape(all);
});

const inlineMarkdown = (text, names) =>
  walk(text, MARKDOWN, unescape, ([all, escaped, code, label, url, tag, bold, struck, slanted, under, bare]) => {
    if (escaped !== undefined) return escaped;
    if (code !== undefined) return h("code", {}, unescape(code));
    if (url !== undefined) return link(unescape(url), h("span", {}, inlineMarkdown(label, names)));
    if (tag !== undefined) return /^http/.test(tag) ? link(tag, tag) : special(tag, names);
    if (bold !== undefined) return h("b", {}, inlineMarkdown(bold, names));
    if (struck !== undefined) return h("s", {}, inlineMarkdown(struck, names));
    if (slanted !== undefined || under !== undefined) return h("i", {}, inlineMarkdown(slanted ?? under, names));
    return bare !== undefined ? link(bare, bare) : all;
  });

const lined = (lines, inline, names) =>
  lines.flatMap((line, number) => (number ? [h("br"), ...inline(line, names)] : inline(line, names)));

export const mrkdwn = (text, names) => {
  const shown = [];
  for (const [number, part] of text.split("```").entries()) {
    if (number % 2) { shown.push(h("pre", {}, unescape(part.replace(/^\n|\n$/g, "")))); continue; }
    let lines = [];
    let quoted = false;
    const flush = () => {
      if (lines.length) shown.push(h(quoted ? "blockquote" : "div", {}, lined(lines, inlineMrkdwn, names)));
      lines = [];
    };
    for (const line of part.split("\n")) {
      const isQuote = /^(&gt;|>)/.test(line);
      if (isQuote !== quoted) { flush(); quoted = isQuote; }
      lines.push(isQuote ? line.replace(/^(&gt;|>) ?/, "") : line);
    }
    if (part) flush();
  }
  return h("div", { class: "text" }, shown);
};

export const plain = (text) => h("div", { class: "text" }, lined(text.split("\n"), (line) => [line], {}));

const cells = (line) => line.replace(/^\s*\||\|\s*$/g, "").split("|").map((one) => one.trim());

// Lines of a list, with the deeper ones inside the item before them.
const list = (lines, names) => {
  const root = { indent: -1, element: null };
  const open = [root];
  let top = null;
  for (const line of lines) {
    const [, space, mark, text] = line.match(/^(\s*)([-*+]|\d+[.)])\s+(.*)$/) ?? [];
    if (mark === undefined) { open.at(-1).last?.append(h("br"), ...inlineMarkdown(line.trim(), names)); continue; }
    while (open.length > 1 && open.at(-1).indent > space.length) open.pop();
    if (open.at(-1).indent < space.length) {
      const element = h(/\d/.test(mark) ? "ol" : "ul");
      const into = open.at(-1).last;
      if (into) into.append(element); else top = element;
      open.push({ indent: space.length, element });
    }
    const item = h("li", {}, inlineMarkdown(text, names));
    open.at(-1).element.append(item);
    open.at(-1).last = item;
  }
  return top;
};

const KINDS = [
  [/^\s*([-*+]|\d+[.)])\s+/, /^\s*([-*+]|\d+[.)])\s+|^\s{2,}\S/, list],
  [/^>/, /^>/, (lines, names) => h("blockquote", {}, lined(lines.map((one) => one.replace(/^> ?/, "")), inlineMarkdown, names))],
  [/^\s*\|.*\|/, /^\s*\|.*\|/, (lines, names) => {
    const [head, ...rows] = lines.filter((one) => !/^[\s|:-]+$/.test(one)).map(cells);
    const row = (tag) => (one) => h("tr", {}, one.map((cell) => h(tag, {}, inlineMarkdown(cell, names))));
    return h("table", {}, row("th")(head), rows.map(row("td")));
  }],
];

export const markdown = (text, names) => {
  const shown = [];
  const lines = text.split("\n");
  while (lines.length) {
    const line = lines[0];
    const heading = line.match(/^(#{1,6})\s+(.*)$/);
    if (!line.trim()) lines.shift();
    else if (heading) { lines.shift(); shown.push(h("h4", {}, inlineMarkdown(heading[2], names))); }
    else if (/^(---+|\*\*\*+)\s*$/.test(line)) { lines.shift(); shown.push(h("hr")); }
    else if (line.startsWith("```")) {
      lines.shift();
      const end = lines.findIndex((one) => one.startsWith("```"));
      shown.push(h("pre", {}, lines.splice(0, end < 0 ? lines.length : end).join("\n")));
      lines.shift();
    } else {
      const kind = KINDS.find(([first]) => first.test(line));
      const goesOn = (one) => (kind ? kind[1].test(one) : one.trim() && !/^(#{1,6}\s|```|>|\s*([-*+]|\d+[.)])\s)/.test(one));
      const taken = [lines.shift()];
      while (lines.length && goesOn(lines[0])) taken.push(lines.shift());
      shown.push(kind ? kind[2](taken, names) : h("p", {}, lined(taken, inlineMarkdown, names)));
    }
  }
  return h("div", { class: "text markdown" }, shown);
};
