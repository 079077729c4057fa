// What the page itself says, in the language of whoever looks at it.

const ES = {
  Channels: "Canales", Apps: "Aplicaciones", Home: "Inicio", Messages: "Mensajes", Thread: "Hilo", Today: "Hoy",
  "View thread": "Ver el hilo", "Reply…": "Responder…", Message: "Mensaje para", members: "miembros",
  "1 reply": "1 respuesta", replies: "respuestas", "Only visible to you": "Solo visible para ti",
  Search: "Buscar en", "Sabio is working…": "Sabio está trabajando…", Stop: "Detener", "(edited)": "(editado)",
  DMs: "MD",
};
let spanish = false;
export const speak = (locale) => { spanish = locale.startsWith("es"); };
export const t = (said) => (spanish && ES[said]) || said;
export const clock = (ts) => new Date(Number(ts) * 1000).toLocaleTimeString(spanish ? "es-ES" : "en-US",
  { hour: "numeric", minute: "2-digit", timeZone: "UTC" });
