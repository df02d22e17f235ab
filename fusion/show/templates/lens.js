// Everything that depends on the sliders, by the names in lens.svg; fusion/show/lens.py computes the same.
const drawing = (options, { depth, distance, f_number }) => {
  const { focal_length: f, pixel_pitch: pitch, nearest, farthest, frames, lens_x, axis_y, top } = options;
  const numbers = (count) => [...Array(count).keys()];
  const fixed = (value, digits) => value.toFixed(digits);
  const decimals = (value, digits) => Math.max(0, digits - 1 - Math.floor(Math.log10(value)));
  const metres = (value, digits = 3) => `${fixed(value, decimals(value, digits))} m`;
  const micrometres = (size) => `${fixed(size * 1e6, size >= 1e-5 ? 0 : 1)} µm`;
  const pixels = (count) => `${fixed(count, count >= 100 ? 0 : 1)} pixels`;

  const share = (at) => (1 / at - 1 / farthest) / (1 / nearest - 1 / farthest);
  const distanceAt = (share) => 1 / (1 / farthest + share * (1 / nearest - 1 / farthest));
  const objectX = (at) => options.far_x + share(at) * (options.near_x - options.far_x);
  const imageDistance = (at) => (f * at) / (at - f);
  const imageShare = (at) =>
    (imageDistance(at) - imageDistance(farthest)) / (imageDistance(nearest) - imageDistance(farthest));
  const imageX = (at) => options.first_x + imageShare(at) * (options.last_x - options.first_x);
  const imageDx = (at) => 12 - 56 * imageShare(at);
  const diameterAt = (focus) => (((f / f_number) * f) / (focus - f)) * (Math.abs(depth - focus) / depth);

  const chief = (x) => axis_y + options.slope * (x - lens_x);
  const half = (options.rim * options.f_numbers[0]) / f_number;
  const [image_x, sensor_x] = [imageX(depth), imageX(distance)];
  const image_y = chief(image_x);
  const hit = (rim) => rim + ((image_y - rim) * (sensor_x - lens_x)) / (image_x - lens_x);
  const isBehind = image_x > sensor_x;

  const onPlot = (share) => [100 * share, 100 - (100 * diameterAt(distanceAt(share))) / top];
  const place = (share, separator) =>
    onPlot(share)
      .map((value) => fixed(value, 3))
      .join(separator);
  const dot = (share) => `M${place(share, " ")}h0`;
  const stack = numbers(frames).map((k) => k / (frames - 1));
  const sizes = stack.map((share) => diameterAt(distanceAt(share)));
  const best = sizes.indexOf(Math.min(...sizes));
  const at = metres(distanceAt(stack[best]));
  const samples = numbers(options.samples + 1).map((k) => k / options.samples);
  const curve = [...samples, share(depth)].sort((a, b) => a - b);

  const diameter = diameterAt(distance);
  const behind = imageDistance(depth) - imageDistance(distance);
  const side = behind > 0 ? "behind" : "in front of";
  const where = Math.abs(behind) < 5e-6 ? "on the sensor" : `${fixed(Math.abs(behind) * 1e3, 2)} mm ${side} the sensor`;
  const size = `${micrometres(diameter)}, ${pixels(diameter / pitch)}`;
  const gain = (f * f) / f_number;
  const low = (depth * (gain + pitch * f)) / (gain + pitch * depth);
  const high = (depth * (gain - pitch * f)) / (gain - pitch * depth);
  const until = gain > pitch * depth ? `to ${metres(high, 4)}` : "on to infinity";

  return {
    point_x: objectX(depth),
    point_y: chief(objectX(depth)),
    point_dx: 35 - 70 * share(depth),
    focus_x: objectX(distance),
    focus_dx: 35 - 70 * share(distance),
    beyond_dx: share(distance) < 0.5 ? 14 : -14,
    rim_top: axis_y - half,
    rim_bottom: axis_y + half,
    image_x,
    image_y,
    image_dx: imageDx(depth),
    sensor_x,
    sensor_dx: imageDx(distance),
    chief_y: chief(sensor_x),
    hit_top: hit(axis_y - half),
    hit_bottom: hit(axis_y + half),
    end_x: isBehind ? image_x : sensor_x, // light that the sensor stops would have met there
    end_top: isBehind ? image_y : hit(axis_y - half),
    end_bottom: isBehind ? image_y : hit(axis_y + half),
    curve: curve.map((share) => place(share, ",")).join(" "),
    dots: stack.map(dot).join(" "),
    best: dot(stack[best]),
    marker_y: options.foot_y - options.plot_height * Math.min(1, diameter / top),
    beyond: diameter > top ? "↑" : "",
    diameter,
    disc_r: ((Math.max(diameter, pitch) / top) * options.plot_height) / 2,
    depth_text: metres(depth),
    distance_text: metres(distance),
    aperture_text: `f/${f_number}`,
    image_text: `${fixed(imageDistance(depth) * 1e3, 2)} mm`,
    sensor_text: `${fixed(imageDistance(distance) * 1e3, 2)} mm`,
    diameter_text: micrometres(diameter),
    pixels_text: pixels(diameter / pitch),
    verdict: [
      `The image of the point lies ${where}; what reaches the sensor is a disc of ${size}.`,
      `It is no larger than a pixel if the lens is focused from ${metres(low, 4)} ${until}.`,
      `Of a stack of ${frames} frames (the dots), number ${best}, focused at ${at}, draws the point smallest.`,
    ].join(" "),
  };
};
