// Heights, 0 to 65535, and squares of four neighbours, as fusion/show/surfaces.py packs them. The triangles of a square
// are those of fusion/depth/mesh.py: 1 and 2 for each that is there, and 4 if its diagonal falls to the right.
const unpack = async (packed, columns, rows) => {
  const bytes = Uint8Array.from(atob(packed), (character) => character.charCodeAt(0));
  const inflated = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const planes = new Uint8Array(await new Response(inflated).arrayBuffer());
  const count = columns * rows;
  const heights = new Uint16Array(count);
  let height = 0;
  for (let index = 0; index < count; index++) {
    height += 256 * planes[index] + planes[count + index]; // the sum is held with 16 bits
    heights[index] = height;
  }
  return { heights, squares: planes.subarray(2 * count) };
};

// Three vertices for each triangle, against the clock.
const trianglesOf = (squares, columns) => {
  const vertices = [];
  squares.forEach((square, index) => {
    const upper = index + Math.floor(index / (columns - 1));
    const lower = upper + columns;
    const falls = square & 4;
    if (square & 1) vertices.push(upper, lower, falls ? lower + 1 : upper + 1);
    if (square & 2) vertices.push(falls ? upper : upper + 1, falls ? lower + 1 : lower, falls ? upper + 1 : lower + 1);
  });
  return Uint32Array.from(vertices);
};

// How much heights grow to the right and upwards from one vertex to the next: the mean over triangles that meet there.
const slopesOf = (heights, triangles, columns) => {
  const slopes = new Float32Array(2 * heights.length);
  const counts = new Uint8Array(heights.length);
  const rightTo = (from, to) => (to % columns) - (from % columns);
  const upTo = (from, to) => Math.floor(from / columns) - Math.floor(to / columns);
  for (let index = 0; index < triangles.length; index += 3) {
    const [origin, first, second] = [triangles[index], triangles[index + 1], triangles[index + 2]];
    const [x1, x2] = [rightTo(origin, first), rightTo(origin, second)];
    const [y1, y2] = [upTo(origin, first), upTo(origin, second)];
    const [z1, z2] = [(heights[first] - heights[origin]) / 65535, (heights[second] - heights[origin]) / 65535];
    const area = x1 * y2 - x2 * y1;
    for (let corner = index; corner < index + 3; corner++) {
      const vertex = triangles[corner];
      slopes[2 * vertex] += (z1 * y2 - z2 * y1) / area;
      slopes[2 * vertex + 1] += (z2 * x1 - z1 * x2) / area;
      counts[vertex]++;
    }
  }
  return slopes.map((slope, index) => slope / (counts[index >> 1] || 1));
};
