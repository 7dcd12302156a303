c++ -std=c++20 ../programs/emit.cpp $(pkg-config --cflags --libs socketio-redis) -o emit
c++ -std=c++20 ../programs/serve.cpp $(pkg-config --cflags --libs socketio-redis) -o serve
