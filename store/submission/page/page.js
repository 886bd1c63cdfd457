
"use strict";
// Opens the sealed package in this page. Nothing leaves the page but what the
// person copies or saves. The format is documented in the Go package comment of
// store/submission.
(() => {
  const $ = (id) => document.getElementById(id);
  const text = new TextDecoder();
  const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
  const join = (...parts) => new Uint8Array(parts.flatMap((p) => [...p]));
  const sha256 = async (data) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))].map((b) => b.toString(16).padStart(2, "0")).join("");

  const ITEMS = [
    ["npi.txt", "NPI used to register with DPC", false],
    ["client-token.txt", "Client Token", true],
    ["organization-token.txt", "Organization Token", true],
    ["public-key-id.txt", "Public Key ID", false],
    ["public-key.pem", "Public Key", false],
    ["private-key.pem", "Private Key", true],
  ];

  class Wrong extends Error {}   // the passphrase does not fit
  class Damaged extends Error {} // the file is not as it was made

  function envelope() {
    const e = JSON.parse($("package").textContent);
    if (e.format !== "dpc-onboard-html" || e.schema !== 1 || !(e.iterations >= 600000 && e.iterations <= 10000000)) throw new Damaged();
    return { ...e, salt: bytes(e.salt), nonce: bytes(e.nonce), ciphertext: bytes(e.ciphertext) };
  }

  async function unseal(passphrase) {
    const e = envelope();
    if (await sha256(join(e.salt, e.nonce, e.ciphertext)) !== e.sha256) throw new Damaged();
    const secret = new TextEncoder().encode(passphrase.normalize("NFC").trim());
    const base = await crypto.subtle.importKey("raw", secret, "PBKDF2", false, ["deriveKey"]);
    const key = await crypto.subtle.deriveKey(
      { name: "PBKDF2", hash: "SHA-256", salt: e.salt, iterations: e.iterations },
      base, { name: "AES-GCM", length: 256 }, false, ["decrypt"]);
    const additionalData = new TextEncoder().encode(`${e.format} ${e.schema} ${e.page}`);
    try {
      return new Uint8Array(await crypto.subtle.decrypt({ name: "AES-GCM", iv: e.nonce, additionalData }, key, e.ciphertext));
    } catch {
      throw new Wrong();
    }
  }

  // unzip reads a zip whose files are stored without compression, by its central
  // directory (APPNOTE.TXT 4.3).
  function unzip(data) {
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const short = (at) => view.getUint16(at, true);
    const long = (at) => view.getUint32(at, true);
    let end = data.length - 22;
    while (end >= 0 && long(end) !== 0x06054b50) end--;
    if (end < 0) throw new Damaged();
    const files = new Map();
    let at = long(end + 16);
    for (let n = short(end + 10); n > 0; n--) {
      if (long(at) !== 0x02014b50 || short(at + 10) !== 0) throw new Damaged();
      const size = long(at + 24), local = long(at + 42);
      const start = local + 30 + short(local + 26) + short(local + 28);
      files.set(text.decode(data.subarray(at + 46, at + 46 + short(at + 28))), data.subarray(start, start + size));
      at += 46 + short(at + 28) + short(at + 30) + short(at + 32);
    }
    return files;
  }

  // verify compares each item with its checksum.
  async function verify(files, about) {
    for (const [name] of ITEMS) {
      if (!files.has(name) || await sha256(files.get(name)) !== about.files[name]) return false;
    }
    return true;
  }

  let announced;
  function announce(message) {
    clearTimeout(announced);
    $("status").textContent = message;
    announced = setTimeout(() => { $("status").textContent = ""; }, 5000);
  }

  function save(name, data, type) {
    const url = URL.createObjectURL(new Blob([data], { type }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    announce(`${name} was handed to the browser's downloads`);
  }

  // copy falls back on a selection where the browser keeps its clipboard from pages.
  async function copy(value) {
    try {
      await navigator.clipboard.writeText(value);
      return true;
    } catch {
      const area = document.createElement("textarea");
      area.value = value;
      document.body.append(area);
      area.select();
      const done = document.execCommand("copy");
      area.remove();
      return done;
    }
  }

  const day = (iso) => new Date(iso).toLocaleString("en-US", { dateStyle: "long", timeStyle: "short" });

  function summarize(about) {
    const checked = about.check && about.check.passed ? `worked with DPC on ${day(about.check.at)}` : "not checked with DPC before it was sealed";
    const rows = [
      ["Organization", about.organization],
      ["NPI", about.npi, true],
      ["Environment", about.environment],
      ["Organization ID", about.organization_id, true],
      ["Token label", about.token_label],
      ["Token expires", day(about.token_expiry)],
      ["Key label", about.key_label],
      ["Key ID", about.key_id, true],
      ["Fingerprint", about.key_fingerprint, true],
      ["Live check", checked],
      ["Sealed", `${day(about.created_at)}, by dpc-onboard ${about.tool_version}`],
    ];
    for (const [name, value, code] of rows) {
      const dt = document.createElement("dt"), dd = document.createElement("dd");
      dt.textContent = name;
      dd.textContent = value;
      if (code) dd.className = "code";
      $("summary").append(dt, dd);
    }
  }

  function addItem(name, title, secret, data) {
    const item = $("item").content.cloneNode(true).firstElementChild;
    const find = (selector) => item.querySelector(selector);
    const value = text.decode(data), pre = find("pre"), show = find(".show");
    find("h3").textContent = title;
    find(".tag").textContent = secret ? "secret" : "";
    find(".size").textContent = `${value.length.toLocaleString("en-US")} characters`;
    const mask = (masked) => {
      pre.textContent = masked ? "•".repeat(24) : value;
      pre.classList.toggle("masked", masked);
      pre.setAttribute("aria-label", masked ? `${title}, hidden` : title);
      show.textContent = masked ? "Show" : "Hide";
      show.setAttribute("aria-label", `${show.textContent} ${title}`);
      show.setAttribute("aria-pressed", String(!masked));
    };
    mask(true);
    show.addEventListener("click", () => mask(!pre.classList.contains("masked")));
    find(".copy").setAttribute("aria-label", `Copy ${title}`);
    find(".copy").addEventListener("click", async () => {
      announce(await copy(value) ? `${title} copied` : "This browser does not let a page copy. Press Show, and copy it by hand.");
    });
    find(".save").setAttribute("aria-label", `Save ${title}`);
    find(".save").addEventListener("click", () => save(name, data, "application/octet-stream"));
    item.dataset.name = name;
    $("items").append(item);
  }

  async function present(zip) {
    const files = unzip(zip);
    if (!files.has("submission.json")) throw new Damaged();
    const about = JSON.parse(text.decode(files.get("submission.json")));
    if (about.schema !== 1) throw new Damaged();
    const whole = await verify(files, about);
    $("verdict").textContent = whole
      ? "The seal is whole, and every item is what its checksum says."
      : "An item is not what its checksum says. Don't use this package, and ask the sender for a new one.";
    $("verdict").classList.toggle("bad", !whole);
    summarize(about);
    for (const [name, title, secret] of ITEMS) if (files.has(name)) addItem(name, title, secret, files.get(name));
    const stem = `dpc-${about.npi}-${about.environment}-${about.created_at.slice(0, 10).replaceAll("-", "")}.zip`;
    $("save-all").onclick = () => save(stem, zip, "application/zip");
    $("sealed").hidden = true;
    $("opened").hidden = $("lock").hidden = false;
    $("state").textContent = "Open on this computer";
    $("summary-title").focus();
  }

  function complain(error) {
    const message = error instanceof Wrong
      ? "This passphrase does not open the package. Check capital letters, spaces and dashes, or ask the sender to read it to you once more. Nothing is lost: you can try as often as you like."
      : "This file is not as it was made: it was damaged on its way, or this browser is too old to open it. Ask the sender to send it again.";
    $("message").textContent = message;
    $("message").hidden = false;
    $("passphrase").setAttribute("aria-invalid", "true");
    $("passphrase").focus();
    $("passphrase").select();
  }

  function busy(on) {
    $("open").disabled = on;
    $("open").textContent = on ? "Opening…" : "Open";
    $("form").setAttribute("aria-busy", String(on));
  }

  $("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    if ($("open").disabled) return;
    $("message").hidden = true;
    $("passphrase").removeAttribute("aria-invalid");
    if ($("passphrase").value.trim() === "") {
      $("message").textContent = "Type the passphrase that the sender told you.";
      $("message").hidden = false;
      $("passphrase").focus();
      return;
    }
    busy(true);
    try {
      await present(await unseal($("passphrase").value));
      $("passphrase").value = "";
    } catch (error) {
      complain(error);
    } finally {
      busy(false);
    }
  });

  $("peek").addEventListener("click", () => {
    const hidden = $("passphrase").type === "password";
    $("passphrase").type = hidden ? "text" : "password";
    $("peek").textContent = hidden ? "Hide" : "Show";
    $("peek").setAttribute("aria-pressed", String(hidden));
  });

  // A page that is loaded anew holds nothing that was opened.
  $("lock").addEventListener("click", () => location.reload());

  if (!window.isSecureContext || !crypto.subtle) {
    $("message").textContent = "This browser opens seals only in files on this computer. Save the page, and open the saved file.";
    $("message").hidden = false;
    $("open").disabled = true;
  }
})();
