"""A row for any parameter of a strip, from its line in the table of parameters."""

from __future__ import annotations

from studio.project.parameters import Parameter
from ui.viewmodels.parameters import ParameterGesture, parse_value, value_text
from ui.viewmodels.workspace import Workspace
from ui.widgets.scaled import ScaledSlider, SliderRow


def parameter_row(
    ws: Workspace, track_id: str, parameter: Parameter, *, title: str, name: str, token: str = "text.muted"
) -> tuple[SliderRow, ParameterGesture]:
    """Slider and value of `parameter`; `name` says whose it is, to assistive technology. The gesture is returned so
    that the row can be pointed at another strip."""
    slider = ScaledSlider(
        ws.theme,
        name=name,
        minimum=parameter.minimum,
        maximum=parameter.maximum,
        default=parameter.default,
        show=lambda value: value_text(parameter, value),
        position=parameter.fraction,
        at=parameter.at,
        parse=lambda text: parse_value(parameter, text),
        token=token,
    )
    gesture = ParameterGesture(ws, track_id, parameter.target, parameter.title)
    gesture.bind(slider)
    return SliderRow(ws.theme, slider, title, sample="−88.8 dB"), gesture
