// The editor of the writing page, around Trix. It stands in for the textarea, whose light markup it gets
// as HTML from the server; what is written goes back as HTML, and the server makes light markup of it
// (contest/core/richtext). Whatever fails here, the textarea stays.

const PHOTO = "application/x-guong-sang-photo";
const IMAGES = /<img\b/i;

// Only what is stored: one level of heading, quotations, lists, bold and italic.
function settle(Trix) {
  const { blockAttributes, textAttributes } = Trix.config;
  blockAttributes.heading1.tagName = "h2";
  delete blockAttributes.code;
  delete textAttributes.href;
  delete textAttributes.strike;
  delete textAttributes.frozen;
  Object.assign(blockAttributes.default, { tagName: "p", breakOnReturn: true });
  // Enter begins a new paragraph, and paragraphs stay what they are when they are pasted side by side.
  const breaks = Trix.models.LineBreakInsertion.prototype.shouldInsertBlockBreak;
  Trix.models.LineBreakInsertion.prototype.shouldInsertBlockBreak = function () {
    return !this.block.hasAttributes() || breaks.call(this);
  };
  Trix.Block.prototype.canBeConsolidatedWith = () => false;
}

function attachment(Trix, choice) {
  const figure = document.createElement("div");
  const image = document.createElement("img");
  image.src = choice.dataset.src;
  image.alt = choice.dataset.alt;
  image.width = choice.dataset.width;
  image.height = choice.dataset.height;
  const caption = document.createElement("span");
  caption.textContent = choice.dataset.caption;
  figure.append(image, caption);
  return new Trix.Attachment({ contentType: PHOTO, photoId: choice.dataset.photo, content: figure.innerHTML });
}

/** Puts the editor in the textarea's place. `changed()` is called whenever the text is another. */
export async function start(form, changed) {
  const place = form.querySelector("[data-editor]");
  const source = form.elements.body;
  if (!place || !source || !("customElements" in window)) return null;
  const typed = source.value;
  const { default: Trix } = await import(place.dataset.editor);
  // Whoever began to type meanwhile keeps the field that they type in.
  if (source.value !== typed || document.activeElement === source) return null;
  settle(Trix);
  Trix.config.lang.remove = place.dataset.sayRemove;
  await customElements.whenDefined("trix-editor");

  const choices = [...place.querySelectorAll("[data-photo]")];
  const written = (html) => {
    const held = document.createElement("template");
    held.innerHTML = html;
    for (const figure of held.content.querySelectorAll("figure[data-photo-id]")) {
      const choice = choices.find((each) => each.dataset.photo === figure.dataset.photoId);
      if (!choice) figure.remove();
      else figure.dataset.trixAttachment = JSON.stringify(attachment(Trix, choice));
    }
    return held.innerHTML;
  };

  const input = Object.assign(document.createElement("input"), { type: "hidden", name: "html", id: "html" });
  input.value = written(place.querySelector("template").innerHTML);
  const editor = document.createElement("trix-editor");
  editor.id = "editor";
  editor.className = "text prose";
  editor.lang = "vi";
  for (const [name, value] of Object.entries({
    input: "html",
    toolbar: "editor-tools",
    spellcheck: "false",
    "aria-multiline": "true",
    "aria-labelledby": "body-label",
    "aria-describedby": source.getAttribute("aria-describedby"),
  }))
    editor.setAttribute(name, value);
  const ready = new Promise((resolve) => editor.addEventListener("trix-initialize", resolve, { once: true }));
  place.append(input, editor);
  await ready;
  place.hidden = false;
  source.hidden = true;
  source.disabled = true;
  form.querySelector("[data-markup-help]")?.setAttribute("hidden", "");
  form.querySelector("label[for=body]").addEventListener("click", () => editor.focus());

  // Trix answers the mouse alone; a key on a tool is a press of it too.
  const tools = place.querySelector("trix-toolbar");
  tools.addEventListener("click", (event) => {
    const tool = event.target.closest("[data-trix-attribute], [data-trix-action]");
    if (tool && event.detail === 0) tool.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
  });
  const pressed = () => {
    for (const tool of tools.querySelectorAll("[data-trix-attribute]"))
      tool.setAttribute("aria-pressed", String(tool.hasAttribute("data-trix-active")));
  };
  for (const name of ["trix-attributes-change", "trix-selection-change"])
    editor.addEventListener(name, () => requestAnimationFrame(pressed));

  const note = place.querySelector("[data-editor-note]");
  const tell = (text) => {
    note.textContent = text;
    note.hidden = !text;
  };
  editor.addEventListener("trix-change", () => {
    tell("");
    changed();
  });

  // Photos come from the page of photos alone: it cleans them and asks who is shown.
  editor.addEventListener("trix-file-accept", (event) => {
    event.preventDefault();
    tell(place.dataset.sayNoFiles);
  });
  editor.addEventListener("trix-attachment-add", ({ attachment: added }) => {
    if (choices.some((each) => each.dataset.photo === added.getAttribute("photoId"))) return;
    added.remove();
    tell(place.dataset.sayNoFiles);
  });
  // What is pasted from Word, Google Docs or Zalo is read by the server, as a file would be.
  editor.addEventListener(
    "paste",
    async (event) => {
      const html = event.clipboardData?.getData("text/html");
      if (!html || !navigator.onLine) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const at = editor.editor.getSelectedRange();
      let clean = null;
      try {
        const answer = await fetch(place.dataset.paste, {
          method: "POST",
          body: new URLSearchParams({ csrf_token: form.elements.csrf_token.value, html }),
          redirect: "manual",
        });
        if (answer.ok) clean = (await answer.json()).html;
      } catch {
        clean = null;
      }
      editor.editor.setSelectedRange(at);
      if (clean === null) editor.editor.insertString(event.clipboardData.getData("text/plain"));
      else editor.editor.insertHTML(written(clean));
      if (IMAGES.test(html)) tell(place.dataset.sayNoFiles);
    },
    true,
  );

  // Placing a photo: the list opens under the tools, a press puts the photo where the writer was.
  const list = place.querySelector("[data-photos]");
  const opener = place.querySelector("[data-open-photos]");
  const open = (shown) => {
    list.hidden = !shown;
    opener.setAttribute("aria-expanded", String(shown));
    if (shown) list.querySelector("button, a")?.focus();
  };
  opener?.addEventListener("click", () => open(list.hidden));
  list?.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    open(false);
    opener.focus();
  });
  for (const choice of choices)
    choice.addEventListener("click", () => {
      editor.editor.insertAttachment(attachment(Trix, choice));
      open(false);
      editor.focus();
    });

  return {
    /** The words as they are counted: headings too, photos not. */
    text: () => editor.editor.getDocument().toString().replaceAll("\uFFFC", " "),
    show: (html) => editor.editor.loadHTML(html),
    showText: (words) => {
      editor.editor.loadHTML("");
      editor.editor.insertString(words);
    },
    focus: () => editor.focus(),
  };
}
