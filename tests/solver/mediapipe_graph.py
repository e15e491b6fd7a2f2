"""Raw network outputs from MediaPipe's own runtime: the reference for our torch modules."""

import importlib.util
from pathlib import Path

import numpy as np


def raw_outputs(pictures: np.ndarray, name: str, outputs: int, low: float) -> list[np.ndarray]:
    """What the network `modules/NAME` answers: (B, S, S, 3) uint8 -> for each output (B, n).

    The plain TensorFlow Lite interpreter cannot run the attention mesh, whose custom operators live in mediapipe.
    `low` is the value that black becomes; white becomes 1.
    """
    import mediapipe
    from mediapipe.python import packet_creator, packet_getter
    from mediapipe.python._framework_bindings import calculator_graph, resource_util

    package = Path(importlib.util.find_spec("mediapipe").submodule_search_locations[0])
    resource_util.set_resource_dir(str(package.parent))
    size = pictures.shape[1]
    names = [f"t{index}" for index in range(outputs)]
    ranges = "".join(f"ranges {{ begin: {index} end: {index + 1} }} " for index in range(outputs))
    text = f"""
    input_stream: "image"
    node {{ calculator: "ImageToTensorCalculator" input_stream: "IMAGE:image" output_stream: "TENSORS:in"
      options {{ [mediapipe.ImageToTensorCalculatorOptions.ext] {{ output_tensor_width: {size}
        output_tensor_height: {size} output_tensor_float_range {{ min: {low} max: 1.0 }} }} }} }}
    node {{ calculator: "TfLiteCustomOpResolverCalculator" output_side_packet: "OP_RESOLVER:operators"
      options {{ [mediapipe.TfLiteCustomOpResolverCalculatorOptions.ext] {{ use_gpu: false }} }} }}
    node {{ calculator: "InferenceCalculator" input_stream: "TENSORS:in" output_stream: "TENSORS:out"
      input_side_packet: "OP_RESOLVER:operators"
      options {{ [mediapipe.InferenceCalculatorOptions.ext] {{ model_path: "mediapipe/modules/{name}"
        delegate {{ xnnpack {{ num_threads: 1 }} }} }} }} }}
    node {{ calculator: "SplitTensorVectorCalculator" input_stream: "out"
      {" ".join(f'output_stream: "{name}"' for name in names)}
      options {{ [mediapipe.SplitVectorCalculatorOptions.ext] {{ {ranges} }} }} }}
    """ + "".join(f'node {{ calculator: "TensorsToFloatsCalculator" input_stream: "TENSORS:{name}" '
                  f'output_stream: "FLOATS:{name}f" }}\n' for name in names)
    graph = calculator_graph.CalculatorGraph(graph_config=text)
    found = [[] for _ in names]
    for name, rows in zip(names, found, strict=True):
        graph.observe_output_stream(f"{name}f", lambda _, packet, rows=rows: rows.append(
            np.array(packet_getter.get_float_list(packet), dtype=np.float32)))
    graph.start_run()
    for time, picture in enumerate(pictures):
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=np.ascontiguousarray(picture))
        graph.add_packet_to_input_stream("image", packet_creator.create_image(image).at(time))
    graph.close_all_packet_sources()
    graph.wait_until_done()
    return [np.stack(rows) for rows in found]
