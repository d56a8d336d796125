"""Serves a web page on this machine that shows how one or more models classify a typed text.

It needs one more package: pip install -r requirements-demo.txt. For each model, it shows the
probabilities of the classes, the words coloured by how much each contributes and, if the network
reads in one direction, the class after each word. Nothing leaves the machine.
"""

import os
import socket

from corpus import loading
from corpus.errors import UserError, in_one_line
from inference.answers import load_model
from inference.explanation import explain, largest_loss, reads_forwards
from training import command_line, process, startup
from training.directory import load_result

EXAMPLES = 6


def test_texts(run):
    """Returns some test texts of a run's corpus: list of `str`, [] if its rows are elsewhere."""
    try:
        result = load_result(run)
        test = loading.load(result["data"]["name"], **result["data"]["options"]).test
    except (UserError, KeyError, TypeError):
        return []
    return test[:EXAMPLES].texts(result["reading"]["text"]).tolist()


def page(models, texts):
    """Makes the page: a `gradio.Blocks`.

    Args:
        models: dict of name to a model that `answers.load_model` returned.
        texts: list of `str`, examples to choose from.
    """
    import gradio as gr

    def answer(text):
        """The values of all outputs, network after network."""
        values = []
        for model in models.values():
            explained = explain(model, text or "")
            rows = explained["explanation"]
            values.append(explained["probabilities"])
            scale = largest_loss(rows)
            values.append([(f"{row['words']} ", row["loss"] / scale) for row in rows])
            if reads_forwards(model):
                values.append([(f"{row['words']} ", row["class_after"]) for row in rows])
        return values

    with gr.Blocks(title="Text classifiers", analytics_enabled=False) as blocks:
        text, outputs = gr.Textbox(label="Type a text", lines=3, autofocus=True), []
        with gr.Row():
            for name, model in models.items():
                with gr.Column():
                    gr.Markdown(f"### {name}")
                    outputs.append(gr.Label(label="probabilities", num_top_classes=10))
                    effect = "red words count for this class, purple ones against it"
                    outputs.append(gr.HighlightedText(label=effect))
                    if reads_forwards(model):
                        after = "class after each word"
                        outputs.append(gr.HighlightedText(label=after, combine_adjacent=True))
        gr.Examples([[example] for example in texts], text, label="Test texts")
        typing = {"trigger_mode": "always_last", "show_progress": "hidden"}
        text.change(answer, text, outputs, api_name="answer", **typing)
    return blocks


def main(arguments=None):
    """Runs the command line.

    Raises:
        SystemExit: with status 1 after an error, 2 for wrong usage.
    """
    parser = command_line.parser_of_paths("demo.py", __doc__)
    parser.add_argument("run", metavar="RUN", nargs="+", help="run directories or .keras files")
    help_text = "address to listen on; default: 127.0.0.1, for this machine only"
    parser.add_argument("--host", type=str, default="127.0.0.1", help=help_text)
    parser.add_argument("--port", type=int, metavar="PORT", help="default: a free one from 7860")
    options = parser.parse_args(arguments)
    if not 1 <= (options.port or 1) <= 65535:
        parser.error("--port must be between 1 and 65535")
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with process.one_line_errors("demo.py"), startup.tensorflow():
        try:
            import gradio as gr
        except ModuleNotFoundError as error:
            raise UserError("Gradio is missing: pip install -r requirements-demo.txt") from error
        import devices

        with devices.prepared():
            models = {run: load_model(run) for run in options.run}
            blocks = page(models, test_texts(options.run[0]))
            fonts = {"font": ["sans-serif"], "font_mono": ["monospace"]}  # others are from the web
            try:
                socket.getaddrinfo(options.host, options.port)
                _, url, _ = blocks.launch(
                    server_name=options.host,
                    server_port=options.port,
                    prevent_thread_lock=True,
                    quiet=True,
                    share=False,
                    footer_links=[],
                    theme=gr.themes.Default(**fonts),
                )
            except OSError as error:  # the port is in use
                problem = in_one_line(error).partition(". You can")[0]
                raise UserError(f"{problem}; choose other --port or --host") from error
            print(f"{url} (stop with Ctrl-C)", flush=True)
            blocks.block_thread()


if __name__ == "__main__":
    main()
