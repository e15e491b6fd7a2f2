"""The 3D view's shaders, OpenGL 3.3 core. Points and directions are in the world."""

FACE_VERTEX = """
#version 330 core
uniform mat4 clip_from_world;
in vec3 point;
in vec3 normal;
in vec3 colour;
out vec3 place;
out vec3 facing;
out vec3 tint;

void main() {
    place = point;
    facing = normal;
    tint = colour;
    gl_Position = clip_from_world * vec4(point, 1.0);
}
"""

FACE_FRAGMENT = """
#version 330 core
uniform vec3 eye;
uniform float lit;
in vec3 place;
in vec3 facing;
in vec3 tint;
out vec4 pixel;

void main() {
    vec3 view = normalize(eye - place);
    vec3 n = normalize(facing);
    if (dot(n, view) < 0.0) n = -n;
    vec3 side = normalize(cross(vec3(0.0, 1.0, 0.0), view));
    // The key stands to the viewer's upper left and goes along, so that no view is in the dark.
    vec3 key = normalize(view - 0.9 * side + vec3(0.0, 0.9, 0.0));
    vec3 rim = normalize(-0.6 * view + 1.2 * side + vec3(0.0, 0.3, 0.0));
    float soft = max((dot(n, key) + 0.5) / 1.5, 0.0);
    vec3 light = vec3(0.56, 0.55, 0.53) * soft
               + vec3(0.20) * max(dot(n, view), 0.0)
               + vec3(0.16, 0.17, 0.19) * max(dot(n, rim), 0.0)
               + mix(vec3(0.20, 0.19, 0.18), vec3(0.30, 0.31, 0.33), 0.5 + 0.5 * n.y);
    float shine = 0.10 * pow(max(dot(n, normalize(key + view)), 0.0), 24.0);
    pixel = vec4(mix(tint, tint * light + shine, lit), 1.0);
}
"""

FLAT_VERTEX = """
#version 330 core
uniform mat4 clip_from_world;
uniform float height;
in vec3 point;
out vec3 place;

void main() {
    place = point + vec3(0.0, height, 0.0);
    gl_Position = clip_from_world * vec4(place, 1.0);
}
"""

FLAT_FRAGMENT = """
#version 330 core
in vec3 place;
out vec4 pixel;

void main() {
    float far = length(place.xz);
    pixel = vec4(vec3(0.36), clamp(1.0 - far / 0.95, 0.0, 1.0) * 0.8);
}
"""

PICTURE_VERTEX = """
#version 330 core
out vec2 where;

void main() {
    vec2 corner = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    where = corner;
    gl_Position = vec4(corner * 2.0 - 1.0, 0.999, 1.0);
}
"""

PICTURE_FRAGMENT = """
#version 330 core
uniform sampler2D picture;
uniform bool given;
in vec2 where;
out vec4 pixel;

void main() {
    pixel = given ? vec4(texture(picture, where).rgb, 1.0) : vec4(mix(vec3(0.145), vec3(0.105), where.y), 1.0);
}
"""

FACE, FLAT, PICTURE = (FACE_VERTEX, FACE_FRAGMENT), (FLAT_VERTEX, FLAT_FRAGMENT), (PICTURE_VERTEX, PICTURE_FRAGMENT)
