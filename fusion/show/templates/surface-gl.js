// Draws the surface with WebGL 2, and around it the outline of its ground and a post for its heights.
const PROJECT = `#version 300 es
  uniform mat3 turn;
  uniform vec2 focal, move;
  uniform float away;
  vec4 project(vec3 point) {
    vec3 seen = turn * point + vec3(move, -away);
    float near = 0.02 * away, far = 3.0 * away;
    return vec4(focal * seen.xy, (-seen.z * (far + near) - 2.0 * far * near) / (far - near), -seen.z);
  }`;
const SURFACE = `${PROJECT}
  in float height;
  in vec2 slope;
  uniform int columns;
  uniform vec2 corner, size;
  uniform float cell, lift;
  out vec2 place;
  out float level;
  out vec3 normal;
  void main() {
    place = (corner + 0.5 + cell * vec2(gl_VertexID % columns, gl_VertexID / columns)) / size;
    level = height;
    float unit = max(size.x, size.y);
    normal = turn * vec3(-slope * lift * unit / cell, 1.0);
    gl_Position = project(vec3((place - 0.5) * vec2(1, -1) * size / unit, (height - 0.5) * lift));
  }`;
const PAINT = `#version 300 es
  precision highp float;
  in vec2 place;
  in float level;
  in vec3 normal;
  uniform int look;
  uniform sampler2D picture, palette;
  out vec4 colour;
  void main() {
    float light = max(dot(normalize(normal), normalize(vec3(-0.5, 0.7, 0.9))), 0.0);
    if (look == 0) colour = texture(picture, place);
    else if (look == 1) colour = vec4(texture(palette, vec2(level, 0.5)).rgb * (0.6 + 0.4 * light), 1);
    else colour = vec4(vec3(0.12 + 0.8 * light), 1);
  }`;
const LINE = `${PROJECT}
  in vec3 point;
  void main() { gl_Position = project(point); }`;
const GRAY = `#version 300 es
  precision highp float;
  out vec4 colour;
  void main() { colour = vec4(0.53, 0.53, 0.53, 1); }`;

const makeRenderer = (canvas, view, { heights, triangles, slopes }, image) => {
  const gl = canvas.getContext("webgl2", { preserveDrawingBuffer: true }); // so that it can be printed and copied
  if (!gl) return null;

  const build = (...sources) => {
    const program = gl.createProgram();
    sources.forEach((source, index) => {
      const shader = gl.createShader(index ? gl.FRAGMENT_SHADER : gl.VERTEX_SHADER);
      gl.shaderSource(shader, source);
      gl.compileShader(shader);
      gl.attachShader(program, shader);
    });
    gl.linkProgram(program);
    if (!gl.getProgramParameter(program, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(program));
    return program;
  };
  const texture = (unit, ...pixels) => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, ...pixels);
    gl.generateMipmap(gl.TEXTURE_2D);
    gl.texParameteri(gl.TEXTURE_2D, gl.TEXTURE_MIN_FILTER, gl.LINEAR_MIPMAP_LINEAR);
    for (const side of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, side, gl.CLAMP_TO_EDGE);
  };
  const attribute = (program, name, values, count, type) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, gl.createBuffer());
    gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    const place = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(place);
    gl.vertexAttribPointer(place, count, type, type === gl.UNSIGNED_SHORT, 0, 0);
  };

  const surface = { program: build(SURFACE, PAINT), vertices: gl.createVertexArray() };
  gl.bindVertexArray(surface.vertices);
  attribute(surface.program, "height", heights, 1, gl.UNSIGNED_SHORT);
  attribute(surface.program, "slope", slopes, 2, gl.FLOAT);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, triangles, gl.STATIC_DRAW);

  const lines = { program: build(LINE, GRAY), vertices: gl.createVertexArray() };
  gl.bindVertexArray(lines.vertices);
  attribute(lines.program, "point", new Float32Array(0), 3, gl.FLOAT); // stays bound, and is filled at each drawing

  texture(0, gl.RGB, gl.UNSIGNED_BYTE, image);
  const palette = new Uint8Array(view.palette.flat());
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  texture(1, view.palette.length, 1, 0, gl.RGB, gl.UNSIGNED_BYTE, palette);
  gl.enable(gl.DEPTH_TEST);

  return (camera, look, outline) => {
    const use = ({ program, vertices }) => {
      gl.useProgram(program);
      gl.bindVertexArray(vertices);
      const uniform = (name) => gl.getUniformLocation(program, name);
      gl.uniformMatrix3fv(uniform("turn"), true, camera.turn.flat());
      gl.uniform2fv(uniform("focal"), camera.focal);
      gl.uniform2fv(uniform("move"), camera.move);
      gl.uniform1f(uniform("away"), camera.away);
      return uniform;
    };
    gl.viewport(0, 0, canvas.width, canvas.height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const uniform = use(surface);
    gl.uniform1i(uniform("columns"), view.grid[0]);
    gl.uniform2fv(uniform("corner"), view.corner);
    gl.uniform2fv(uniform("size"), view.size);
    gl.uniform1f(uniform("cell"), view.cell);
    gl.uniform1f(uniform("lift"), camera.lift);
    gl.uniform1i(uniform("look"), look);
    gl.uniform1i(uniform("palette"), 1);
    gl.drawElements(gl.TRIANGLES, triangles.length, gl.UNSIGNED_INT, 0);
    use(lines);
    gl.bufferData(gl.ARRAY_BUFFER, new Float32Array(outline.flat()), gl.DYNAMIC_DRAW);
    gl.drawArrays(gl.LINES, 0, outline.length);
  };
};
