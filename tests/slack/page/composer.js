// The box that messages and commands are written in.

import { icon } from "/page/blocks.js";
import { h } from "/page/text.js";
import { t } from "/page/words.js";

// What is typed as Slack sends it: `&`, `<` and `>` escaped, names as mentions.
const written = (text, names) => {
  let sent = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  const longest = Object.entries(names).sort(([, a], [, b]) => b.length - a.length);
  for (const [id, name] of longest) sent = sent.replaceAll(`@${name}`, `<@${id}>`);
  return sent;
};

export const composer = (page, channel, thread) => {
  const where = thread ? t("Reply…") : `${t("Message")} ${channel.kind === "im" ? "Sabio" : `#${channel.name}`}`;
  const box = h("textarea", { rows: 1, placeholder: where, "aria-label": where });
  const send = () => {
    const text = box.value.trim();
    if (!text) return;
    const [command, ...rest] = text.split(" ");
    if (command.startsWith("/")) {
      if (thread) return page.notice(`${command} is not supported in threads. Sorry!`);
      if (!page.state.commands.includes(command)) return page.notice(`${command} is not a valid command.`);
      page.act("command", { command, text: rest.join(" "), channel: channel.id });
    } else {
      page.act("say", { channel: channel.id, thread: thread ?? null, text: written(text, page.state.names) });
    }
    box.value = "";
    grow();
  };
  const button = h("button", { class: "send", type: "button", title: "Send now", onclick: send }, icon("send"));
  const grow = () => {
    box.style.height = "auto";
    box.style.height = `${Math.min(box.scrollHeight, 160)}px`;
    button.classList.toggle("ready", box.value.trim() !== "");
  };
  box.addEventListener("input", grow);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
  });
  return h("div", { class: "composer" }, box, h("div", { class: "composer-row" }, h("span", { class: "quiet" }, "Aa   @   /"), button));
};
