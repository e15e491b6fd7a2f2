"""The renderer's shaders, OpenGL 3.3 core. All vectors are in the camera's space."""

VERTEX = """
#version 330 core
uniform mat4 clip_from_camera;
in vec3 point;
in vec3 normal;
in vec3 colour;
in float gloss;
in ivec2 id;
out vec3 place;
out vec3 facing;
out vec3 albedo;
out float shine;
flat out ivec2 label;

void main() {
    place = point;
    facing = normal;
    albedo = colour;
    shine = gloss;
    label = id;
    gl_Position = clip_from_camera * vec4(point, 1.0);
}
"""

COLOUR_FRAGMENT = """
#version 330 core
const int LIGHTS = 4;
uniform vec3 towards[LIGHTS];
uniform vec3 light[LIGHTS];
uniform float size[LIGHTS];
uniform float matte;
uniform vec3 sky;
uniform vec3 ground;
uniform vec3 up;
in vec3 place;
in vec3 facing;
in vec3 albedo;
in float shine;
out vec4 pixel;

vec3 srgb(vec3 linear) {
    vec3 c = clamp(linear, 0.0, 1.0);
    return mix(1.055 * pow(c, vec3(1.0 / 2.4)) - 0.055, 12.92 * c, lessThanEqual(c, vec3(0.0031308)));
}

void main() {
    vec3 view = -normalize(place);
    vec3 n = normalize(facing);
    if (dot(n, view) < 0.0) n = -n;  // both sides of a sheet are lit
    vec3 lit = albedo * mix(ground, sky, 0.5 + 0.5 * dot(n, up));
    float sharp = mix(12.0, 90.0, shine);
    for (int i = 0; i < LIGHTS; ++i) {
        float diffuse = max(0.0, (dot(n, towards[i]) + size[i]) / (1.0 + size[i]));
        float mirror = pow(max(0.0, dot(n, normalize(towards[i] + view))), sharp / (1.0 + 2.0 * size[i]));
        lit += light[i] * (matte * albedo * diffuse + 0.5 * shine * mirror * diffuse);
    }
    pixel = vec4(srgb(lit), 1.0);
}
"""

IDENTITY_FRAGMENT = """
#version 330 core
in vec3 place;
flat in ivec2 label;
layout(location = 0) out ivec2 who;
layout(location = 1) out float depth;

void main() {
    who = label;
    depth = place.z;
}
"""
